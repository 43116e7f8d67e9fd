'use strict';
/**
 * Decides where a token may be sent: with https to hosts under hex.tech, or to hosts that the operator allows. A base
 * URL may come from a workflow, so anything but a host with an optional port and path is refused.
 */

const { HexError } = require('./errors');
const { cut, lengthOf, phrase, printable, stripOf, withoutTokens } = require('./text');

const DEFAULT_BASE_URL = 'https://app.hex.tech/api/v1';
/** @type {Record<string, string>} */
const REGIONS = {
  app: DEFAULT_BASE_URL,
  eu: 'https://eu.hex.tech/api/v1',
  hc: 'https://hc.hex.tech/api/v1',
};
/** @type {Record<string, number>} */
const DEFAULT_PORTS = { https: 443, http: 80 };
const LOOPBACK = ['http://localhost', 'http://127.0.0.1', 'http://[::1]'];
const ADDRESS =
  /^([A-Za-z]+):\/\/([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::([0-9]{1,5}))?((?:\/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*)\/*$/;
const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const MAX_LENGTH = 2000;
const MAX_NAME_LENGTH = 253;

/**
 * Parse a base URL with or without scheme, /api and /v1, and check that a token may be sent there.
 * @param {string} given the base URL as a user or a workflow gave it
 * @param {string[]} [allowed] hosts that the operator allows besides hex.tech: names, *.names or origins
 * @param {boolean} [loopback] whether this machine is allowed, for the sandbox
 * @returns {string} the complete base URL, ending in /v1
 */
function baseUrl(given, allowed = [], loopback = false) {
  let url = stripOf(given, ' ');
  if (!url.includes('://') && !url.startsWith('/')) url = `https://${url}`;
  const parts = lengthOf(url) <= MAX_LENGTH ? ADDRESS.exec(url) : null;
  if (!parts) throw bad(given, phrase('it must be a plain https address such as https://app.hex.tech'));
  const scheme = parts[1].toLowerCase();
  const host = parts[2].toLowerCase();
  if (!Object.hasOwn(DEFAULT_PORTS, scheme)) throw bad(given, phrase('it must begin with https://'));
  const port = Number(parts[3] || DEFAULT_PORTS[scheme]);
  const origin = `${scheme}://${host}${port === DEFAULT_PORTS[scheme] ? '' : `:${port}`}`;
  const isLocal = loopback && LOOPBACK.includes(`${scheme}://${host}`);
  if (!isLocal && !mayReceive({ scheme, host, port, origin }, allowed)) {
    throw new HexError('host_not_allowed', {}, { host: shown(origin === `https://${host}` ? host : origin) });
  }
  const path = parts[4];
  if (path.endsWith('/v1')) return origin + path;
  return origin + (path.endsWith('/api') ? `${path}/v1` : `${path}/api/v1`);
}

/** @param {string} given @param {import('./text').Phrase} reason */
function bad(given, reason) {
  return new HexError('bad_base_url', {}, { url: shown(given), reason });
}

/**
 * Return the hosts that an operator allows, from the value of HEX_BLOCKS_ALLOWED_HOSTS.
 * @param {string | undefined} variable
 */
function allowedHosts(variable) {
  return (variable || '').replaceAll(',', ' ').split(/\s+/).filter(Boolean);
}

/**
 * @param {{ scheme: string, host: string, port: number, origin: string }} address
 * @param {string[]} allowed
 */
function mayReceive({ scheme, host, port, origin }, allowed) {
  if (allowed.some((entry) => entry.includes('://') && originOf(entry) === origin)) return true;
  const labels = host.split('.');
  const isName =
    host.length <= MAX_NAME_LENGTH &&
    labels.every((label) => LABEL.test(label)) &&
    !/^[0-9]+$/.test(labels[labels.length - 1]);
  if (scheme !== 'https' || port !== DEFAULT_PORTS.https || !isName) return false;
  return ['hex.tech', '*.hex.tech', ...allowed]
    .filter((entry) => !entry.includes('://'))
    .some((entry) => matches(host, entry.toLowerCase()));
}

/** @param {string} host @param {string} entry */
function matches(host, entry) {
  return entry.startsWith('*.') ? host.endsWith(entry.slice(1)) && host !== entry.slice(1) : host === entry;
}

/** @param {string} entry */
function originOf(entry) {
  const parts = /^([a-z][a-z0-9+.-]*):\/\/(?:[^/?#@]*@)?(\[[^\]]*\]|[^:/?#]*)(?::([0-9]*))?(?:[/?#]|$)/.exec(
    entry.toLowerCase(),
  );
  if (!parts) return '';
  const same = !parts[3] || Number(parts[3]) === DEFAULT_PORTS[parts[1]];
  return `${parts[1]}://${parts[2]}${same ? '' : `:${Number(parts[3])}`}`;
}

/**
 * Return the given base URL for an error message, without anything that could be a password.
 * @param {string} given
 */
function shown(given) {
  const hidden = cut(given, MAX_LENGTH)
    .split('?')[0]
    .split('#')[0]
    .replace(/^([A-Za-z]+:\/\/)?.*@/, '$1…@');
  const plain = printable(withoutTokens(hidden), '?');
  return lengthOf(plain) <= 80 ? plain : `${cut(plain, 80)}…`;
}

module.exports = { DEFAULT_BASE_URL, REGIONS, allowedHosts, baseUrl };
