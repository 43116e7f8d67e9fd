'use strict';
/** A node that sends a message for each run that ends, whoever started it. */

const { failureOf, inOneLine } = require('../core/failures');
const { core, languageOf } = require('./connection');

const TYPE = 'hex-watch';
const TOOL = 'hex_watch_runs';
const CURSOR = 'cursor';
const SHORTEST = 5;
const USUAL = 60;

class Watch {
  constructor(RED, node, config) {
    this.RED = RED;
    this.node = node;
    this.config = config;
    this.language = languageOf(RED);
    this.stopper = new AbortController();
    this.timer = null;
  }

  async look() {
    const { RED, node, config } = this;
    try {
      const connection = RED.nodes.getNode(config.connection);
      if (!connection || !connection.connect) throw new Error(RED._('hex-blocks.errors.connection'));
      const { projectIds, statuses } = config;
      const cursor = await this.read();
      const inputs = { projectIds, statuses, ...(cursor ? { cursor } : {}) };
      const options = { stop: this.stopper.signal, language: this.language };
      const seen = await core.call(TOOL, inputs, connection.connect(), options);
      if (this.stopper.signal.aborted) return;
      for (const run of seen.runs) node.send(this.messageOf(run));
      await this.write(seen.cursor);
      for (const warning of seen.warnings || []) node.warn(warning.message);
      const text = RED._('hex-blocks.status.watching', { count: seen.active });
      node.status({ fill: 'green', shape: 'ring', text });
    } catch (error) {
      if (this.stopper.signal.aborted) return;
      const failure = failureOf(error, this.language);
      node.status({ fill: 'red', shape: 'ring', text: failure.key });
      node.error(inOneLine(failure), { hexError: failure });
    }
    const seconds = Math.max(SHORTEST, Number(config.interval) || USUAL);
    this.timer = setTimeout(() => this.look(), seconds * 1000);
  }

  messageOf(run) {
    const hex = { tool: TOOL, runId: run.runId, traceId: run.traceId ?? null };
    return { _msgid: this.RED.util.generateId(), topic: run.projectId, payload: run, hex };
  }

  read() {
    return new Promise((resolve, reject) => {
      this.node.context().get(CURSOR, (error, value) => (error ? reject(error) : resolve(value)));
    });
  }

  write(cursor) {
    return new Promise((resolve, reject) => {
      this.node.context().set(CURSOR, cursor, (error) => (error ? reject(error) : resolve()));
    });
  }

  stop() {
    this.stopper.abort();
    clearTimeout(this.timer);
  }
}

function registerWatch(RED) {
  function HexWatch(config) {
    RED.nodes.createNode(this, config);
    const watch = new Watch(RED, this, config);
    watch.look();
    this.on('close', (done) => {
      watch.stop();
      done();
    });
  }
  RED.nodes.registerType(TYPE, HexWatch);
}

module.exports = { registerWatch };
