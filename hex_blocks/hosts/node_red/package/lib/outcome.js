'use strict';
/** The messages that a node sends: the document, its entries one by one, or its picture. */

const { FILE_TYPES } = require('../core/pictures');

const NOT_IN_FILE_NAMES = /[^\p{L}\p{N}._-]+/gu;

/** Return a document with Buffers instead of base64 text for its pictures. */
function withBuffers(outputs) {
  const made = { ...outputs };
  if (typeof made.imageBase64 === 'string') {
    made.image = Buffer.from(made.imageBase64, 'base64');
    delete made.imageBase64;
  }
  if (Array.isArray(made.charts)) made.charts = made.charts.map(chartOf);
  return made;
}

function chartOf(chart) {
  if (!chart || !chart.image || typeof chart.image.base64 !== 'string') return chart;
  const { mimeType, base64 } = chart.image;
  return { ...chart, mimeType, image: Buffer.from(base64, 'base64') };
}

/** Return the only picture of a document, with a file name; null if it has none or several. */
function pictureOf(document) {
  const all = (document.charts || []).filter((chart) => Buffer.isBuffer(chart.image));
  const [only] = Buffer.isBuffer(document.image) ? [document] : all;
  if (!only || all.length > 1) return null;
  const name = String(only.label || only.staticId || 'chart').replace(NOT_IN_FILE_NAMES, '-');
  return { content: only.image, filename: `${name}.${FILE_TYPES[only.mimeType] || 'png'}` };
}

/** Return the messages for a result: one, or one for each entry, with `parts` for a join node. */
function messagesFor(RED, msg, outputs, { output, rows, tool }) {
  const document = withBuffers(outputs);
  const hex = { tool, runId: outputs.runId ?? null, traceId: outputs.traceId ?? null };
  const list = output === 'split' && rows && Array.isArray(document[rows]) ? document[rows] : null;
  if (list) {
    const id = RED.util.generateId();
    return list.map((payload, index) => {
      const parts = { id, index, count: list.length, type: 'array' };
      return { ...RED.util.cloneMessage(msg), payload, parts, hex };
    });
  }
  const picture = output === 'picture' ? pictureOf(document) : null;
  if (picture) return [{ ...msg, payload: picture.content, filename: picture.filename, hex }];
  return [{ ...msg, payload: document, hex }];
}

module.exports = { messagesFor };
