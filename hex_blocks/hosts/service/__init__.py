"""The service of `hex-blocks serve`: the tools over HTTP, jobs, hooks, and an OpenAPI document of all of it."""

LEVEL = {
    "tools, problems, languages, bounds": "done: tests/hosts/service/test_calls.py",
    "callers, names, origins": "done: tests/hosts/service/test_callers.py",
    "jobs, progress, cancel, resume": "done: tests/hosts/service/test_jobs.py",
    "hooks": "done: tests/hosts/service/test_hooks.py",
    "the command, draining, logs, numbers": "done: tests/hosts/service/test_process.py",
    "pages for people, without script": "done: tests/hosts/service/test_workbench.py",
    "pages in a browser: access, widths, keyboard": "done: tests/hosts/service/test_browser.py",
    "MCP at /mcp": "exempt: hex-blocks mcp --http serves it, as a process of its own",
    "a store in PostgreSQL": "exempt: jobs and hooks stand in one SQLite file, which processes of one machine share",
}
