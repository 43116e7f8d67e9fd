"""The JavaScript core for hosts without Python, and the data that it reads.

`core/` is plain JavaScript (CommonJS, JSDoc types, no dependencies). `core/core.js` documents how a host uses it, and
`core/node_host.js` has HTTP and clock for hosts that run in Node. An export copies `core_files()`, and writes
`core_data(...)` to a JSON file; `runs_in_javascript(tool)` returns whether the core can run a tool.

    files = {f"core/{name}": content for name, content in core_files().items()}
    files["specs.json"] = as_json(core_data(request.registry, tools, languages()))

    const core = createCore(require('./specs.json'), { http, clock });
    const connection = core.connect({ apiKey, region, baseUrl, allowedHosts: allowedByEnvironment() });
    const outputs = await core.call('hex_list_projects', inputs, connection, { language, stop, onProgress });

Errors are thrown as `HexError`: `key`, `kind`, `values`, `faults`, `traceId`, `partial`, `said(language)`,
`hint(language)`, `document(language)`. A `host.store` stores starts beyond the process, so that a start with the same
`idempotencyKey` is found again.
"""
