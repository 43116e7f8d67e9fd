'use strict';
/** Registers the nodes that are described in catalogue.json. */

const catalogue = require('./catalogue.json');
const { registerAdmin } = require('./lib/admin');
const { registerConnection } = require('./lib/connection');
const { registerToolNode } = require('./lib/tool_node');
const { registerWatch } = require('./lib/watch');

module.exports = function hexBlocks(RED) {
  registerConnection(RED);
  for (const [type, node] of Object.entries(catalogue.nodes)) registerToolNode(RED, type, node);
  registerWatch(RED);
  registerAdmin(RED);
};
