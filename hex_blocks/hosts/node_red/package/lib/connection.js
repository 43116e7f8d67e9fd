'use strict';
/** The connection: region, base URL, and the token, which Node-RED encrypts and leaves out of exported flows. */

const specs = require('../specs.json');
const { createCore } = require('../core/core');
const { allowedByEnvironment, clock, http } = require('../core/node_host');

const TYPE = 'hex-connection';
const VARIABLE = /^\$\{([A-Za-z_][A-Za-z0-9_]*)\}$|^\$\(([A-Za-z_][A-Za-z0-9_]*)\)$/;

const core = createCore(specs, { http, clock, userAgent: `hex-blocks/${specs.version} (node-red)` });

/** Return the value of a field, with environment variables replaced. */
function valueOf(RED, node, given) {
  const found = VARIABLE.exec(String(given ?? '').trim());
  return found ? RED.util.getSetting(node, found[1] || found[2]) : given;
}

/** Return a connection to Hex. */
function connectTo({ region, baseUrl, apiKey }) {
  const own = region === 'custom' ? baseUrl : undefined;
  return core.connect({ apiKey, region: region || 'app', baseUrl: own, allowedHosts: allowedByEnvironment() });
}

/** Return the language of the runtime's messages, which is that of the Node-RED process. */
function languageOf(RED) {
  return RED.settings.lang || process.env.LC_ALL || process.env.LANG || 'en';
}

function registerConnection(RED) {
  function HexConnection(config) {
    RED.nodes.createNode(this, config);
    this.connect = () =>
      connectTo({
        region: valueOf(RED, this, config.region),
        baseUrl: valueOf(RED, this, config.baseUrl),
        apiKey: valueOf(RED, this, (this.credentials || {}).apiKey),
      });
  }
  RED.nodes.registerType(TYPE, HexConnection, { credentials: { apiKey: { type: 'password' } } });
}

module.exports = { TYPE, connectTo, core, languageOf, registerConnection };
