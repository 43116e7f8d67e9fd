// Runs the package in n8n-core: reads one command a line, as JSON, and answers each with one line.
// Arguments: the folder of node_modules, the package's folder, and how many times as fast time goes by for it.
'use strict';

const path = require('node:path');
const readline = require('node:readline');
const Module = require('node:module');

const [modules, folder, speed] = [process.argv[2], process.argv[3], Number(process.argv[4] ?? 1)];
// As n8n does it, so that a package finds n8n-workflow.
process.env.NODE_PATH = modules;
Module._initPaths();
const need = Module.createRequire(path.join(modules, 'here.js'));

// Hurried time: the package sees a clock that runs faster, and waits that much less.
const [began, now] = [Date.now(), Date.now];
Date.now = () => began + (now() - began) * speed;
const [start0, monotonic] = [performance.now(), performance.now.bind(performance)];
performance.now = () => start0 + (monotonic() - start0) * speed;
const workflowModule = need('n8n-workflow');
const hurried = { ...workflowModule, sleep: (ms) => workflowModule.sleep(ms / speed) };
const load = Module._load;
Module._load = function (request, parent, ...rest) {
	const ours = request === 'n8n-workflow' && parent?.filename?.startsWith(folder);
	return ours ? hurried : load.call(this, request, parent, ...rest);
};

const core = need('n8n-core');
const { Workflow, NodeHelpers } = workflowModule;

/** As much of n8n's own nodes as workflows of tests need: theirs are no part of n8n-core. */
const OWN = {
	'n8n-nodes-base.manualTrigger': {
		description: describe('manualTrigger', [], []),
		async execute() {
			return [this.getInputData()];
		},
	},
	'test.items': {
		description: describe('items', ['main'], [{ displayName: 'JSON', name: 'items', type: 'json', default: '[]' }]),
		async execute() {
			const items = JSON.parse(this.getNodeParameter('items', 0));
			return [items.map((json) => ({ json, pairedItem: { item: 0 } }))];
		},
	},
	'test.agent': {
		description: { ...describe('agent', ['main', 'ai_tool'], []) },
		// Calls its tool as a model would.
		async execute() {
			const [tool] = await this.getInputConnectionData('ai_tool', 0);
			const given = this.getInputData()[0].json;
			const answer = await tool.invoke(given);
			return [[{ json: { name: tool.name, fields: Object.keys(tool.schema.shape), answer }, pairedItem: { item: 0 } }]];
		},
	},
	'n8n-nodes-base.scheduleTrigger': {
		description: describe('scheduleTrigger', [], []),
		async execute() {
			return [[{ json: { timestamp: new Date().toISOString() } }]];
		},
	},
	'n8n-nodes-base.code': {
		description: describe('code', ['main'], [{ displayName: 'Code', name: 'jsCode', type: 'string', default: '' }]),
		async execute() {
			return [new Function(this.getNodeParameter('jsCode', 0))()];
		},
	},
	'n8n-nodes-base.httpRequest': {
		description: describe('httpRequest', ['main'], ['url', 'contentType', 'jsonBody', 'inputDataFieldName'].map((name) => ({ displayName: name, name, type: 'string', default: '' }))),
		async execute() {
			const sent = [];
			for (const [item] of this.getInputData().entries()) {
				const field = (name) => this.getNodeParameter(name, item);
				const binary = field('contentType') === 'binaryData';
				const body = binary ? await this.helpers.getBinaryDataBuffer(item, field('inputDataFieldName')) : field('jsonBody');
				const headers = { 'Content-Type': binary ? 'image/png' : 'application/json' };
				await this.helpers.httpRequest({ method: 'POST', url: field('url'), body: binary ? body : JSON.stringify(body), headers });
				sent.push({ json: {}, pairedItem: { item } });
			}
			return [sent];
		},
	},
};

function describe(name, inputs, properties) {
	return { displayName: name, name, group: ['transform'], version: 1, description: name, defaults: {}, inputs, outputs: ['main'], properties };
}

let loader;
let types;
let credentials = {};

async function start() {
	const from = now();
	loader = new core.CustomDirectoryLoader(folder);
	await loader.loadAll();
	types = {
		getByName: (type) => types.getByNameAndVersion(type),
		getByNameAndVersion: (type) => OWN[type] ?? (type.endsWith('Tool') ? asTool(type) : loader.getNode(type.split('.').at(-1)).type),
		getKnownTypes: () => loader.known.nodes,
	};
	return { loadedIn: now() - from, nodes: Object.keys(loader.known.nodes), credentials: Object.keys(loader.known.credentials) };
}

/** A node as a tool of an agent, with the connections that n8n gives it then. */
function asTool(type) {
	const node = loader.getNode(type.split('.').at(-1).replace(/Tool$/, '')).type;
	const description = { ...node.description, name: 'hexTool', inputs: [], outputs: ['ai_tool'] };
	return Object.assign(Object.create(node), { description });
}

const credentialsHelper = {
	isCredentialUsableByNode: () => true,
	getParentTypes: () => [],
	preAuthentication: async () => undefined,
	getDecrypted: async () => ({ ...credentials }),
	authenticate: async (decrypted, type, options) => {
		const { authenticate } = loader.getCredential(type).type;
		return typeof authenticate === 'function' ? await authenticate(decrypted, options) : options;
	},
};

function additional(workflow, parameters) {
	return {
		credentialsHelper,
		executionId: String(Math.random()),
		restApiUrl: '', instanceBaseUrl: 'http://127.0.0.1', webhookBaseUrl: 'http://127.0.0.1', webhookWaitingBaseUrl: 'http://127.0.0.1/waiting',
		formWaitingBaseUrl: 'http://127.0.0.1/form', webhookTestBaseUrl: 'http://127.0.0.1/test', userId: '1', variables: {},
		currentNodeParameters: parameters,
		hooks: new core.ExecutionLifecycleHooks('manual', '1', { id: workflow.id, name: 'test', nodes: [], connections: {}, active: false }),
		setExecutionStatus: () => {},
	};
}

function workflowOf(json) {
	return new Workflow({
		id: json.id ?? 'w', name: json.name, nodes: json.nodes, connections: json.connections ?? {}, active: false, nodeTypes: types,
		staticData: json.staticData, settings: json.settings,
	});
}

let running;

/** Run a workflow; give the items of each output of each node, and the error that ended it. */
async function run({ workflow: json, cancelAfter }) {
	const workflow = workflowOf(json);
	const engine = new core.WorkflowExecute(additional(workflow), 'manual');
	running = engine.run({ workflow, startNode: workflow.getNode(json.nodes[0].name) });
	if (cancelAfter !== undefined) setTimeout(() => running.cancel(), cancelAfter);
	const result = await running;
	const { runData, error } = result.data.resultData;
	const outputs = Object.fromEntries(
		Object.entries(runData).map(([name, runs]) => [name, runs.map((each) => each.data?.main?.map((items) => (items ?? []).map(shown)) ?? [])]),
	);
	const hints = Object.values(runData).flatMap((runs) => runs.flatMap((each) => each.hints ?? [])).map((hint) => hint.message);
	return { status: result.status, outputs, hints, error: shownError(error), stored: JSON.stringify(result.data) };
}

function shown({ json, binary, pairedItem, error }) {
	const files = binary && Object.fromEntries(Object.entries(binary).map(([name, { fileName, mimeType, data }]) => [name, { fileName, mimeType, data }]));
	return { json, ...(files ? { binary: files } : {}), pairedItem, ...(error ? { error: String(error.message) } : {}) };
}

function shownError(error) {
	return error && { name: error.name, message: error.message, description: error.description, itemIndex: error.context?.itemIndex, node: error.node?.name };
}

/** Load the choices of a field, as the editor does. */
async function choose({ method, kind, parameters, filter, token }) {
	const node = { name: 'Hex', type: 'CUSTOM.hex', typeVersion: 1, parameters, id: 'n', position: [0, 0], credentials: { hexApi: { id: '1', name: 'Hex' } } };
	const workflow = workflowOf({ nodes: [node] });
	const context = new core.LoadOptionsContext(workflow, node, additional(workflow, parameters), 'parameters.x');
	return await types.getByNameAndVersion('CUSTOM.hex').methods[kind][method].call(context, filter, token);
}

/** Poll the trigger; give its items, and what it wants kept. */
async function poll({ parameters, staticData, mode = 'trigger' }) {
	const node = { name: 'Trigger', type: 'CUSTOM.hexTrigger', typeVersion: 1, parameters, id: 'n', position: [0, 0], credentials: { hexApi: { id: '1', name: 'Hex' } } };
	const workflow = workflowOf({ nodes: [node], staticData: { 'node:Trigger': staticData ?? {} } });
	const context = new core.PollContext(workflow, workflow.getNode('Trigger'), additional(workflow), mode, 'activate');
	const items = await types.getByNameAndVersion('CUSTOM.hexTrigger').poll.call(context);
	return { items: items && items[0].map((item) => item.json), staticData: { ...workflow.getStaticData('node', workflow.getNode('Trigger')) } };
}

/** Send the credential's test, or another request with it; or only make it ready to be sent. */
async function request({ options }, send = true) {
	const { type } = loader.getCredential('hexApi');
	const workflow = workflowOf({ nodes: [{ name: 'Hex', type: 'CUSTOM.hex', typeVersion: 1, parameters: {}, id: 'n', position: [0, 0] }] });
	const evaluated = (value) => (value.startsWith('=') ? workflow.expression.getSimpleParameterValue(workflow.getNode('Hex'), value, 'internal', { $credentials: credentials }, undefined, '') : value);
	const asked = options ?? { baseURL: evaluated(type.test.request.baseURL), url: type.test.request.url, json: true };
	const ready = await credentialsHelper.authenticate({ ...credentials }, 'hexApi', asked);
	if (!send) return { baseURL: ready.baseURL };
	const helpers = new core.LoadOptionsContext(workflow, workflow.getNode('Hex'), additional(workflow, {}), '').helpers;
	return { reply: await helpers.httpRequest(ready) };
}

/** Describe the node types as the editor gets them, and what n8n finds wrong with the fields of a node. */
function describeTypes() {
	return { nodes: loader.types.nodes, credentials: loader.types.credentials, loadOptions: Object.keys(types.getByNameAndVersion('hex').methods.loadOptions), listSearch: Object.keys(types.getByNameAndVersion('hex').methods.listSearch) };
}

/** The operations of a resource that a node or a tool offers. */
function offered({ type, resource }) {
	const node = { name: 'Hex', type, typeVersion: 1, parameters: { resource }, id: 'n', position: [0, 0] };
	const { description } = types.getByNameAndVersion(type);
	const shown = (each) => NodeHelpers.displayParameter(node.parameters, each, node, description);
	const field = description.properties.find((each) => each.name === 'operation' && shown(each));
	return field.options.filter(shown).map((each) => each.value);
}

function issues({ node }) {
	const { description } = types.getByNameAndVersion(node.type);
	const parameters = NodeHelpers.getNodeParameters(description.properties, node.parameters, true, false, node, description);
	return { parameters, issues: NodeHelpers.getNodeParametersIssues(description.properties, { ...node, parameters }, description) };
}

/** Load the package as n8n loads one that is installed, by its package.json. */
async function installed({ folder: other }) {
	const installer = new core.PackageDirectoryLoader(other);
	await installer.loadAll();
	return { nodes: Object.keys(installer.known.nodes), credentials: Object.keys(installer.known.credentials) };
}

const COMMANDS = {
	start, package: installed, run, choose, poll, request, authenticated: (given) => request(given, false), describe: describeTypes, issues, offered,
	credentials: (given) => { credentials = given.values; return {}; },
};

async function answer(line) {
	const { id, command, ...given } = JSON.parse(line);
	try {
		return { id, result: (await COMMANDS[command](given)) ?? null };
	} catch (error) {
		return { id, error: shownError(error) ?? String(error), stack: error.stack };
	}
}

readline.createInterface({ input: process.stdin }).on('line', async (line) => {
	process.stdout.write(`\n@${JSON.stringify(await answer(line))}\n`);
});
