'use strict';

const { sleep } = require('n8n-workflow');

const { baseUrl } = require('../core/base_url.js');
const { clockOf, createCore } = require('../core/core.js');
const data = require('../core/specs.json');
const { allowedHosts, language } = require('./environment.js');

/** @typedef {import('n8n-workflow').IHttpRequestOptions} RequestOptions */
/** @typedef {import('n8n-workflow').ICredentialDataDecryptedObject} Credentials */
/** @typedef {{ helpers: Pick<import('n8n-workflow').RequestHelperFunctions, 'httpRequest'> }} Sender */

/**
 * The part of a node's context that is needed to send requests to Hex.
 *
 * @typedef {Sender & { getCredentials: (type: string) => Promise<Credentials> }} Context
 */

/**
 * Hex, with the node's credential.
 *
 * @typedef {object} Connected
 * @property {(tool: string, inputs: Record<string, unknown>) => Promise<Record<string, any>>} call Run a tool.
 * @property {() => boolean} stopped Whether the workflow was stopped.
 */

// A list that ends at the requested limit is expected and needs no warning.
const EXPECTED = ['list_cut'];

/** @type {Sender['helpers'] | null} n8n's way to send requests, which is the same for all nodes. */
let helpers = null;

// One core for all nodes, so that they share Hex's rate limits and recent runs.
const core = createCore(/** @type {any} */ (data), { http: send, clock: clockOf(sleep) });

/**
 * Send a request with n8n's helper. Redirects are not followed, because the token would be sent along.
 *
 * @type {import('../core/api.js').Http}
 */
async function send({ method, url, headers, body, timeout, stop }) {
	if (!helpers) throw new TypeError('no node is connected');
	const reply = await helpers.httpRequest({
		method: /** @type {import('n8n-workflow').IHttpRequestMethods} */ (method),
		url,
		headers,
		...(body === null ? {} : { body: typeof body === 'string' ? body : Buffer.from(body) }),
		timeout: Math.ceil(timeout * 1000),
		encoding: 'arraybuffer',
		returnFullResponse: true,
		ignoreHttpStatusErrors: true,
		disableFollowRedirect: true,
		...(stop ? { abortSignal: stop } : {}),
	});
	return { status: reply.statusCode, headers: reply.headers, body: reply.body };
}

/**
 * Return Hex with the credential of a node.
 *
 * @param {Context} context
 * @param {{ signal?: AbortSignal, onWarning?: (message: string) => void }} options onWarning is told what a person
 *   should know of a call that did not fail.
 * @returns {Promise<Connected>}
 */
async function connect(context, { signal, onWarning }) {
	helpers = context.helpers;
	const { apiKey, region, baseUrl: own } = await context.getCredentials('hexApi');
	const connection = core.connect({
		apiKey: String(apiKey ?? ''),
		region: String(region ?? 'app'),
		...(region === 'custom' ? { baseUrl: String(own ?? '') } : {}),
		allowedHosts: allowedHosts(),
		loopback: true,
	});
	return {
		call: async (tool, inputs) => {
			const options = { language: language(), stop: signal ?? null };
			const document = await core.call(tool, inputs, connection, options);
			const warnings = /** @type {{ warning: string, message: string }[]} */ (document.warnings ?? []);
			const told = warnings.filter((each) => !EXPECTED.includes(each.warning));
			for (const { message } of told) onWarning?.(message);
			return document;
		},
		stopped: () => signal?.aborted ?? false,
	};
}

/**
 * Return a request with the token added. Throws if the token may not be sent to its host.
 *
 * @param {Credentials} credentials
 * @param {RequestOptions} requestOptions
 * @returns {RequestOptions}
 */
function withToken(credentials, requestOptions) {
	// Older nodes of n8n have the URL in another property.
	const { url = '', uri = url, baseURL } = /** @type {RequestOptions & { uri?: string }} */ (requestOptions);
	// The URL is parsed in the same way as by the code that sends the request.
	const { origin } = new URL(uri, baseURL);
	baseUrl(origin, allowedHosts(), true);
	const headers = { ...requestOptions.headers, Authorization: `Bearer ${String(credentials.apiKey ?? '').trim()}` };
	return { ...requestOptions, headers, sendCredentialsOnCrossOriginRedirect: false };
}

module.exports = { connect, withToken };
