'use strict';
/** Checks a connection: the owner, kind and expiry of the token, and the remaining requests. */

const { isOfKind } = require('./tool_call');

/** @typedef {import('./tool_call').ToolCall} ToolCall */

// Hex warns the token's owner at these hours before the token expires, and so do we.
const WARNED_AT_HOURS = [24, 72];
// Hex does not document the unit of a token's expiry. In seconds this is the year 5138, in milliseconds 1973.
const MAX_SECONDS = 1e11;
const LAST_MOMENT = Date.UTC(9999, 11, 31) / 1000;
const USER_FIELDS = ['id', 'name', 'email', 'role'];

/**
 * Return the facts about a connection. A refused token is an error.
 * @param {ToolCall} call
 */
async function checkConnection(call) {
  const me = await whoami(call);
  const expires = secondsOf((me.token || {}).exp);
  const hours = expires === null ? null : Math.round((Math.max(0, expires - call.clock.time()) / 3600) * 10) / 10;
  const expiresAt = expires === null ? null : `${new Date(Math.floor(expires) * 1000).toISOString().slice(0, 19)}Z`;
  const limit = WARNED_AT_HOURS.find((each) => hours !== null && hours <= each);
  if (limit !== undefined) call.warn('token_expires_soon', { hours: limit, moment: expiresAt });
  return {
    ok: true,
    tokenKind: me.id ? 'PERSONAL' : me.org ? 'WORKSPACE' : 'UNKNOWN',
    user: me.id ? Object.fromEntries(USER_FIELDS.map((name) => [name, me[name] ?? null])) : null,
    orgId: (me.org || {}).id ?? null,
    expiresAt,
    hoursLeft: hours,
    baseUrl: call.api.baseUrl,
    // Our own count for the current minute, because Hex does not report its count.
    requestsLeft: call.api.budget.left(),
  };
}

/**
 * Return the owner of the token. Hex may not return the owner of a workspace token; then another request checks it.
 * @param {ToolCall} call
 * @returns {Promise<Record<string, any>>}
 */
async function whoami(call) {
  try {
    return (await call.request({}, 'hex_get_current_user')) || {};
  } catch (error) {
    if (!isOfKind(error, 'down') || error.status === null || error.status < 500) throw error;
    try {
      await call.request({ limit: 1 }, 'hex_list_projects');
    } catch (refused) {
      // A token without permission to read projects is valid too.
      if (!isOfKind(refused, 'token') || refused.status !== 403) throw refused;
    }
    call.warn('token_owner_unknown', { reason: error.said(call.language) });
    return {};
  }
}

/** @param {any} moment */
function secondsOf(moment) {
  if (typeof moment !== 'number') return null;
  const seconds = moment > MAX_SECONDS ? moment / 1000 : moment;
  return seconds >= 0 && seconds <= LAST_MOMENT ? seconds : null;
}

module.exports = { checkConnection };
