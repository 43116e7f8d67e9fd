'use strict';
/**
 * Encodes a form with a file as multipart/form-data.
 *
 * @typedef {{ body: Uint8Array, contentType: string }} Upload
 */

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/**
 * Decode base64; null if it is not valid.
 * @param {string} text
 */
function bytesOf(text) {
  if (!BASE64.test(text)) return null;
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

/**
 * @param {Record<string, any>} fields
 * @param {{ part: string, name: string, type: string, content: Uint8Array }} file
 * @param {() => number} random
 * @returns {Upload}
 */
function formOf(fields, file, random) {
  const boundary = `hex-blocks-${Array.from({ length: 4 }, () => random().toString(36).slice(2)).join('')}`;
  const parts = Object.entries(fields).map(
    ([name, value]) =>
      `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n` +
      `${typeof value === 'string' ? value : JSON.stringify(value)}\r\n`,
  );
  parts.push(
    `--${boundary}\r\nContent-Disposition: form-data; name="${file.part}"; filename="${file.name}"\r\n` +
      `Content-Type: ${file.type}\r\n\r\n`,
  );
  const head = new TextEncoder().encode(parts.join(''));
  const tail = new TextEncoder().encode(`\r\n--${boundary}--\r\n`);
  const body = new Uint8Array(head.length + file.content.length + tail.length);
  body.set(head);
  body.set(file.content, head.length);
  body.set(tail, head.length + file.content.length);
  return { body, contentType: `multipart/form-data; boundary=${boundary}` };
}

module.exports = { bytesOf, formOf };
