'use strict';
/** Converts pictures in a document to files of Activepieces. */

const { pictureName } = require('../core/pictures');

/**
 * @typedef {Record<string, any>} Document
 * @typedef {{ write: (file: { fileName: string, data: Buffer }) => Promise<string> }} Files
 */

/**
 * Return a document with files instead of base64 text for its pictures.
 * @param {Document} document
 * @param {Files} files
 * @returns {Promise<Document>}
 */
async function withFiles(document, files) {
  const whole = await withFile(document, files, 0);
  if (!Array.isArray(whole.charts)) return whole;
  const several = whole.charts.length > 1;
  const charts = [];
  for (const [number, chart] of whole.charts.entries()) {
    charts.push(await withFile(chart, files, several ? number + 1 : 0));
  }
  return { ...whole, charts };
}

/**
 * @param {Document} holder
 * @param {Files} files
 * @param {number} place
 */
async function withFile(holder, files, place) {
  const { image } = holder;
  if (typeof image?.base64 !== 'string') return holder;
  const fileName = pictureName(holder.label, image.mimeType, place);
  const file = await files.write({ fileName, data: Buffer.from(image.base64, 'base64') });
  return { ...holder, image: { mimeType: image.mimeType, fileName, file } };
}

module.exports = { withFiles };
