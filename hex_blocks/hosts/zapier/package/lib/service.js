'use strict';
/** The hex-blocks service that a connection may have, which sends events as soon as runs have ended. */

const { allowedByEnvironment } = require('../core/node_host');
const { say } = require('./hex');

const TIMEOUT = 20_000;
const GONE = [404, 410];

/** Return the service of a connection. Its secret is only sent to its URL, and redirects are not followed. */
function serviceOf(z, bundle) {
  const { serviceUrl, serviceKey } = bundle.authData || {};
  if (!String(serviceUrl || '').trim() || !String(serviceKey || '').trim()) {
    const needed = 'The instant trigger needs the address and the key of a hex-blocks service in the connection.';
    throw new z.errors.Error(say(needed), 'service_missing');
  }
  const base = addressOf(z, String(serviceUrl).trim());
  const authorization = `Bearer ${String(serviceKey).trim()}`;
  return {
    ask: async (method, path, body) => {
      const response = await z.request({
        method,
        url: `${base}${path}`,
        headers: { authorization, accept: 'application/json' },
        ...(body ? { body, headers: { authorization, 'content-type': 'application/json' } } : {}),
        redirect: 'manual',
        timeout: TIMEOUT,
        skipThrowForStatus: true,
        throwForThrottlingEarly: false,
      });
      return answerOf(z, method, response);
    },
  };
}

/** Return the URL without query and fragment. It must use https, or be allowed by the operator of the app. */
function addressOf(z, given) {
  let url = null;
  try {
    url = new URL(given.includes('://') ? given : `https://${given}`);
  } catch {
    // Refused below, like any other invalid URL.
  }
  if (!url || (url.protocol !== 'https:' && !allowedByEnvironment().includes(url.origin))) {
    throw new z.errors.Error(say('The address of the service must begin with https://.'), 'service_address');
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
}

function answerOf(z, method, response) {
  const { status, data } = response;
  if (status >= 200 && status < 300) return data || {};
  if (method === 'DELETE' && GONE.includes(status)) return {};
  const said = [say('The service refused it.'), `(${status})`, data && data.detail, data && data.hint];
  const message = said.filter(Boolean).join(' ');
  if (status === 401) throw new z.errors.ExpiredAuthError(message);
  if (status === 429) {
    throw new z.errors.ThrottledError(message, Number(response.headers.get('retry-after')) || 60);
  }
  throw new z.errors.Error(message, (data && data.key) || 'service_refused', status);
}

module.exports = { serviceOf };
