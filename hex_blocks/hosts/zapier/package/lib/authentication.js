'use strict';
/** The connection: a token, the region where Hex is opened, and perhaps a service that tells of runs at once. */

const app = require('../app.json');
const { call, say } = require('./hex');

async function test(z, bundle) {
  return call(z, bundle, 'hex_check_connection', {});
}

/** Return whose connection it is, and where, from what the test has given. */
function connectionLabel(z, bundle) {
  const { user, baseUrl } = bundle.inputData || {};
  const whose = (user && (user.email || user.name)) || say('Workspace token');
  return baseUrl ? `${whose} · ${new URL(baseUrl).host}` : whose;
}

module.exports = { authentication: { type: 'custom', fields: app.authentication, test, connectionLabel } };
