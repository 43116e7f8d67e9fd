"""The README of the exported specs: how to develop a host with them."""

from __future__ import annotations

PAGE = """\
# Hex for your own host

These files describe every Hex tool as data, so that a builder, a form or an agent framework can show and run them.

| File | What it holds |
|---|---|
| `en.json`, `de.json`, … | All tools, with titles, descriptions and error sentences in one language |
| `tool.schema.json` | The JSON Schema of one tool |
| `core/` | What runs the tools in JavaScript: no dependencies, Node 20 or later, or any host with its own HTTP |

## What a tool says

`inputs` and `outputs` are named fields with `type`, `title`, `description`, `default`, `enum`, `minimum`, `maximum`,
`fields` (of an object) and `items` (of an array). An input's `in` says where it goes: `path`, `query` or `body` of the
request, `connection` (the token and the base URL, which a host keeps among its credentials), or `local` (read by the
tool, never sent). Show inputs with `advanced` folded away, and those with `secret` as passwords. `operation` is
`query` for a tool that reads and `mutation` for one that writes; ask a person before one that `removes`.

Null, absent and blank mean the same everywhere: not given. `constraints` names inputs that exclude or need each other.
`block` has the name, the color and the groups of the palette.

## Run a tool

```js
const { createCore, HexError } = require('./core/core');
const { http, clock, allowedByEnvironment } = require('./core/node_host');

const core = createCore(require('./en.json'), { http, clock });
const connection = core.connect({ apiKey, region: 'app', allowedHosts: allowedByEnvironment() });

try {
  const run = await core.call('hex_run_and_wait', { projectId, inputParams: { region: 'EMEA' } }, connection);
  console.log(run.runUrl, run.warnings || []);
} catch (error) {
  if (!(error instanceof HexError)) throw error;
  console.error(error.said('en'), error.hint('en'), error.key, error.values.runUrl, error.traceId);
}
```

`core.tools` holds the specs by id; show those with `runsInJavaScript`. `core.call` checks the inputs, keeps to Hex's
limits, sends a write again only where Hex refused it, reads lists to their end with `fetchAll`, and returns the
declared outputs. It takes `{ language, stop, onProgress, onWait, timeout, patience }`: `stop` is an AbortSignal.

A host that may not use Node's timers or `fetch` brings its own:

- `http({ method, url, headers, body, timeout, stop })` resolves to `{ status, headers, body }` for every status,
  follows no redirect, and rejects only where no answer came.
- `clockOf(sleep)` from `core/core` makes a clock of a function that sleeps for milliseconds.
- `store.read(key)` and `store.write(key, start)` keep starts beyond the process, so that a start that is repeated with
  the same `idempotencyKey` gives the run that is there.

## Rules for a host

- The token goes into the host's credential store and nowhere else: not into exported flows, logs or errors.
- `regions`: `app`, `eu`, `hc`, or `custom` with `baseUrl`. Hosts outside `*.hex.tech` are refused unless the operator
  names them in `HEX_BLOCKS_ALLOWED_HOSTS`.
- An error has a key that never changes, a sentence, a hint, and where there is a run its page. Show all of them.
- Show experimental tools only where they are asked for.
"""
