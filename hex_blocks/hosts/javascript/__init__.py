"""The core for hosts without Python, and the data it reads.

`core/` is plain JavaScript (CommonJS, JSDoc types, no dependencies): `core/core.js` says how a host uses it, and
`core/node_host.js` brings HTTP and time for hosts that run in Node. An export copies it with `core_files()` and writes
`core_data(...)` beside it as JSON; `runs_in_javascript(tool)` tells which tools the core can run.

    files = {f"core/{name}": content for name, content in core_files().items()}
    files["specs.json"] = as_json(core_data(request.registry, tools, languages()))

    const core = createCore(require('./specs.json'), { http, clock });
    const connection = core.connect({ apiKey, region, baseUrl, allowedHosts: allowedByEnvironment() });
    const outputs = await core.call('hex_list_projects', inputs, connection, { language, stop, onProgress });

What is thrown is a `HexError`: `key`, `kind`, `values`, `faults`, `traceId`, `partial`, `said(language)`,
`hint(language)`, `document(language)`. `host.store` keeps starts beyond the process, so that a start with the same
`idempotencyKey` is found again.
"""
