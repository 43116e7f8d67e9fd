'use strict';
/** The HTTP endpoints for the editor: the connection test, and the lists of pickers. */

const { HexError } = require('../core/core');
const { TYPE, connectTo, core, languageOf } = require('./connection');

// What the editor sends for a stored password, which it does not know.
const NOT_SHOWN = '__PWRD__';
const MOST = 500;

/** For each list: its tool, the output with the entries, and the label of an entry. */
const LISTS = {
  projectId: { tool: 'hex_list_projects', rows: 'projects', id: 'id', label: (each) => each.title, more: (each) => each.owner?.email },
  collectionId: { tool: 'hex_list_collections', rows: 'collections', id: 'id', label: (each) => each.name },
  groupId: { tool: 'hex_list_groups', rows: 'groups', id: 'id', label: (each) => each.name },
  userId: { tool: 'hex_list_users', rows: 'users', id: 'id', label: (each) => each.name, more: (each) => each.email },
  dataConnectionId: { tool: 'hex_list_data_connections', rows: 'connections', id: 'id', label: (each) => each.name, more: (each) => each.type },
  runId: { tool: 'hex_get_project_runs', rows: 'runs', id: 'runId', label: (each) => each.startTime || each.runId, more: (each) => each.status },
};

/** Respond with an error. */
function refuse(response, error, language) {
  const said = error instanceof HexError ? `${error.said(language)} ${error.hint(language)}`.trim() : error.message;
  response.status(400).json({ message: said });
}

/** Return the connection to test: the stored one, or one with a newly entered token. */
function connectionToTest(RED, { id, region, baseUrl, apiKey }) {
  if (apiKey && apiKey !== NOT_SHOWN) return connectTo({ region, baseUrl, apiKey });
  // A stored token is only sent to the stored host: the user who edits the form may not know the token.
  const stored = RED.nodes.getNode(id);
  if (!stored || !stored.connect) throw new Error(RED._('hex-blocks.errors.deploy'));
  return stored.connect();
}

async function list(RED, kind, { connection, projectId, search }) {
  const { tool, rows, id, label, more } = LISTS[kind];
  const stored = RED.nodes.getNode(connection);
  if (!stored || !stored.connect) throw new Error(RED._('hex-blocks.errors.deploy'));
  const inputs = { fetchAll: true, maxItems: MOST, ...(kind === 'runId' ? { projectId } : {}) };
  const outputs = await core.call(tool, inputs, stored.connect(), { language: languageOf(RED) });
  const wanted = String(search || '').toLowerCase();
  return outputs[rows]
    .map((each) => ({ value: each[id], label: [label(each), more && more(each)].filter(Boolean).join(' · ') }))
    .filter((each) => each.label.toLowerCase().includes(wanted) || each.value === search);
}

function registerAdmin(RED) {
  const language = languageOf(RED);
  RED.httpAdmin.post('/hex-blocks/test', RED.auth.needsPermission(`${TYPE}.write`), async (request, response) => {
    try {
      const connection = connectionToTest(RED, request.body || {});
      response.json(await core.call('hex_check_connection', {}, connection, { language }));
    } catch (error) {
      refuse(response, error, language);
    }
  });
  RED.httpAdmin.get('/hex-blocks/list/:kind', RED.auth.needsPermission(`${TYPE}.read`), async (request, response) => {
    try {
      if (!Object.hasOwn(LISTS, request.params.kind)) response.status(404).end();
      else response.json(await list(RED, request.params.kind, request.query));
    } catch (error) {
      refuse(response, error, language);
    }
  });
}

module.exports = { registerAdmin };
