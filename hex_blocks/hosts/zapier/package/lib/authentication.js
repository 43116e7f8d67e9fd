'use strict';
/** The connection: a token, a region, and optionally a hex-blocks service for instant triggers. */

const app = require('../app.json');
const { call, say } = require('./hex');

async function test(z, bundle) {
  return call(z, bundle, 'hex_check_connection', {});
}

/** Return the label of a connection from the result of its test: the owner and the region. */
function connectionLabel(z, bundle) {
  const { user, baseUrl } = bundle.inputData || {};
  const whose = (user && (user.email || user.name)) || say('Workspace token');
  return baseUrl ? `${whose} · ${new URL(baseUrl).host}` : whose;
}

module.exports = { authentication: { type: 'custom', fields: app.authentication, test, connectionLabel } };
