'use strict';
/** File names for the pictures in a document. */

/** @type {Record<string, string>} */
const FILE_TYPES = {
  'image/png': 'png',
  'image/jpeg': 'jpg',
  'image/svg+xml': 'svg',
  'application/pdf': 'pdf',
};

/**
 * Return the file name of a picture, from its label or its number.
 * @param {string | null | undefined} label
 * @param {string | null | undefined} mimeType
 * @param {number} [place] the number of the picture; 0 if it is the only one
 */
function pictureName(label, mimeType, place = 0) {
  const letters = String(label ?? '')
    .normalize('NFC')
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-|-$/g, '')
    .slice(0, 80)
    // The cut must not leave a lone surrogate.
    .replace(/[\ud800-\udbff]$/, '');
  return `${letters || (place ? `chart-${place}` : 'chart')}.${FILE_TYPES[mimeType ?? ''] ?? 'png'}`;
}

module.exports = { FILE_TYPES, pictureName };
