'use strict';
/** Pictures in a document, as the files that hosts make of them. */

/** @type {Record<string, string>} */
const FILE_TYPES = {
  'image/png': 'png',
  'image/jpeg': 'jpg',
  'image/svg+xml': 'svg',
  'application/pdf': 'pdf',
};

/**
 * Return the name of a picture's file: its label's letters, or its place among the charts.
 * @param {string | null | undefined} label
 * @param {string | null | undefined} mimeType
 * @param {number} [place] 0 where it is the only one
 */
function pictureName(label, mimeType, place = 0) {
  const letters = String(label ?? '')
    .normalize('NFC')
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-|-$/g, '')
    .slice(0, 80)
    // No half of a letter is left at the cut.
    .replace(/[\ud800-\udbff]$/, '');
  return `${letters || (place ? `chart-${place}` : 'chart')}.${FILE_TYPES[mimeType ?? ''] ?? 'png'}`;
}

module.exports = { FILE_TYPES, pictureName };
