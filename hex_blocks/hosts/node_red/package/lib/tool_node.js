'use strict';
/** A node that runs a tool for each message. */

const { core, languageOf } = require('./connection');
const { inputsFor } = require('./inputs');
const { ENDED, failureOf, inOneLine } = require('../core/failures');
const { messagesFor } = require('./outcome');

// Errors after which the same message starts a new run.
const OVER = new Set([...ENDED, 'run_timeout']);
const STARTS = new Set(['hex_run_and_wait', 'hex_run_project', 'hex_run_notebook']);
const MOST_OPEN = 1000;
let made = 0;

/** The calls of one node. */
class ToolNode {
  constructor(RED, node, config, kind) {
    this.RED = RED;
    this.node = node;
    this.config = config;
    this.kind = kind;
    this.language = languageOf(RED);
    this.running = new Map();
    // The keys of starts with an unknown outcome, by message and inputs.
    this.open = new Map();
  }

  /** Return the tool that is selected by the node's fields. */
  operation() {
    const { operations } = this.kind;
    const chosen = this.config.operation || Object.keys(operations)[0];
    const key = this.kind.waits && this.config.wait === false ? 'run_project' : chosen;
    if (!operations[key]) throw new Error(this.RED._('hex-blocks.errors.operation', { operation: key }));
    return operations[key];
  }

  async take(msg, send, done) {
    if (Object.hasOwn(msg, 'reset')) {
      this.stop();
      this.node.status({});
      done();
      return;
    }
    const stopper = new AbortController();
    this.running.set(stopper, Date.now());
    try {
      await this.call(msg, send, stopper.signal);
      this.running.delete(stopper);
      this.show({ fill: 'green', shape: 'dot', text: this.said('done') });
      done();
    } catch (error) {
      this.running.delete(stopper);
      this.fail(error, msg, send, done);
    }
  }

  async call(msg, send, stop) {
    const { RED, node, config } = this;
    const operation = this.operation();
    const connection = RED.nodes.getNode(config.connection);
    if (!connection || !connection.connect) throw new Error(RED._('hex-blocks.errors.connection'));
    const inputs = await inputsFor(RED, node, config, operation.inputs, msg);
    this.show({ fill: 'blue', shape: 'dot', text: this.said('running', 0) });
    const outputs = await this.once(operation.tool, inputs, msg, (given) =>
      core.call(operation.tool, given, connection.connect(), {
        stop,
        language: this.language,
        onProgress: ({ elapsed }) => {
          if (elapsed !== undefined) this.show({ fill: 'blue', shape: 'dot', text: this.said('running', elapsed) });
        },
        onWait: (seconds) => this.show({ fill: 'yellow', shape: 'ring', text: this.said('waiting', seconds) }),
      }),
    );
    for (const warning of outputs.warnings || []) node.warn(warning.message);
    const { output } = config;
    const messages = messagesFor(RED, msg, outputs, { output, rows: operation.rows, tool: operation.tool });
    for (const each of messages) send(config.onFailure === 'output2' ? [each, null] : each);
  }

  /** Run a tool. A start gets a key, so that a repeated message finds the run if the reply was lost. */
  async once(tool, inputs, msg, run) {
    if (!STARTS.has(tool)) return run(inputs);
    const place = JSON.stringify([msg._msgid, tool, inputs]);
    made += 1;
    const idempotencyKey = this.open.get(place) || `${this.node.id}-${Date.now().toString(36)}-${made}`;
    this.open.delete(place);
    try {
      const { idempotencyKey: own, ...outputs } = await run({ ...inputs, idempotencyKey });
      return outputs;
    } catch (error) {
      // After any other error there may be a run; if there is none, the key can be used again.
      if (!OVER.has(error.key)) this.open.set(place, idempotencyKey);
      for (const oldest of this.open.keys()) if (this.open.size > MOST_OPEN) this.open.delete(oldest);
      throw error;
    }
  }

  fail(error, msg, send, done) {
    const failure = failureOf(error, this.language);
    msg.hexError = failure;
    this.show({ fill: 'red', shape: 'dot', text: failure.key });
    if (this.config.onFailure === 'output2') {
      send([null, msg]);
      done();
    } else {
      done(inOneLine(failure));
    }
  }

  said(key, seconds) {
    return this.RED._(`hex-blocks.status.${key}`, { seconds: Math.round(seconds || 0) });
  }

  /** Show the status of the node, or the number of messages that it is processing. */
  show(status) {
    const others = this.running.size > 1 ? ` (${this.running.size})` : '';
    this.node.status({ ...status, text: status.text + others });
  }

  /** End all waits. Runs keep running in Hex. */
  stop() {
    for (const stopper of this.running.keys()) stopper.abort();
  }
}

function registerToolNode(RED, type, kind) {
  function HexTool(config) {
    RED.nodes.createNode(this, config);
    const tool = new ToolNode(RED, this, config, kind);
    this.on('input', (msg, send, done) => tool.take(msg, send, done));
    this.on('close', (done) => {
      tool.stop();
      done();
    });
  }
  RED.nodes.registerType(type, HexTool);
}

module.exports = { registerToolNode };
