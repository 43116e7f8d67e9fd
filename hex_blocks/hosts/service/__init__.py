"""The service of `hex-blocks serve`: the tools over HTTP, jobs, webhooks, and an OpenAPI document that describes it."""

LEVEL = {
    "tools, problems, languages, bounds": "done: tests/hosts/service/test_calls.py",
    "callers, names, origins": "done: tests/hosts/service/test_callers.py",
    "jobs, progress, cancel, resume": "done: tests/hosts/service/test_jobs.py",
    "hooks": "done: tests/hosts/service/test_hooks.py",
    "the command, draining, logs, numbers": "done: tests/hosts/service/test_process.py",
    "pages for people, without script": "done: tests/hosts/service/test_workbench.py",
    "pages in a browser: access, widths, keyboard": "done: tests/hosts/service/test_browser.py",
    "container and compose files": "done: tests/hosts/deploy/test_linters.py",
    "agents at /mcp": "done: tests/hosts/service/test_agents.py",
    "replicas that share a PostgreSQL server": "done: tests/hosts/service/test_replicas.py",
}
