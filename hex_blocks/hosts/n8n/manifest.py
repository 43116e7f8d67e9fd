"""The files about the package for npm and n8n's palette: package.json, codex files, README and changelog."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hex_blocks.hosts.javascript.packages import REPOSITORY
from hex_blocks.hosts.n8n.operations import Operation
from hex_blocks.hosts.n8n.words import describe

NAME = "n8n-nodes-hex-blocks"
DOCUMENTATION = "https://learn.hex.tech/docs/api/api-overview"
AUTHOR = {"name": "The hex_blocks maintainers", "email": "hex-blocks@users.noreply.github.com"}
DESCRIPTION = "Run Hex projects and notebooks, wait for them, fetch their charts, and manage what is around them"
TRIGGER_DESCRIPTION = "Starts the workflow when runs of Hex projects have ended"
NODES = ("nodes/Hex/Hex.node.js", "nodes/Hex/HexTrigger.node.js")
CREDENTIALS = ("credentials/HexApi.credentials.js",)
FOLDERS = ("core", "credentials", "dist", "examples", "nodes", "runtime")
KEYWORDS = ("n8n-community-node-package", "n8n", "hex", "notebooks", "analytics", "data", "reporting")


def package_json(version: str) -> bytes:
    """Return package.json."""
    manifest = {
        "name": NAME,
        "version": version,
        "description": f"n8n nodes for Hex: {DESCRIPTION[0].lower()}{DESCRIPTION[1:]}",
        "keywords": list(KEYWORDS),
        "license": "MIT",
        "homepage": f"{REPOSITORY}#readme",
        "bugs": {"url": f"{REPOSITORY}/issues"},
        "author": AUTHOR,
        "repository": {"type": "git", "url": f"git+{REPOSITORY}.git"},
        "files": [*FOLDERS, "CHANGELOG.md"],
        "scripts": {"lint": "n8n-node lint", "types": "tsc"},
        "n8n": {
            "n8nNodesApiVersion": 1,
            "strict": True,
            "credentials": [f"dist/{path}" for path in CREDENTIALS],
            "nodes": [f"dist/{path}" for path in NODES],
        },
        "devDependencies": {
            "@n8n/node-cli": "0.48.3",
            "@types/node": "^24.0.0",
            "eslint": "9.32.0",
            "typescript": "5.9.2",
        },
        "peerDependencies": {"n8n-workflow": "*"},
    }
    return _json(manifest)


def codex(node: str, alias: Sequence[str]) -> bytes:
    """Return the codex file of a node: its categories and search words in the palette."""
    made = {
        "node": f"{NAME}.{node}",
        "nodeVersion": "1.0",
        "codexVersion": "1.0",
        "categories": ["Analytics", "Data & Storage"],
        "alias": list(alias),
        "resources": {
            "credentialDocumentation": [{"url": DOCUMENTATION}],
            "primaryDocumentation": [{"url": f"{REPOSITORY}#readme"}],
        },
    }
    return _json(made)


def _json(value: Any) -> bytes:
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode()


def readme(shown: Iterable[Operation], titles: Mapping[str, str], not_shown: Mapping[str, str], version: str) -> bytes:
    """Return the README.

    Args:
        shown: The operations of the node.
        titles: The names of its resources.
        not_shown: The tools that the node does not show, with the reasons.
        version: The version of the package.
    """
    operations = list(shown)
    rows = "\n".join(
        f"| {title} | {', '.join(each.name for each in operations if each.resource == resource)} |"
        for resource, title in titles.items()
    )
    hidden = "\n".join(f"- `{tool}`: {reason}" for tool, reason in not_shown.items())
    return _README.format(
        name=NAME, version=version, operations=rows, hidden=hidden, description=describe(DESCRIPTION)
    ).encode()


_README = """\
# {name}

n8n nodes for [Hex](https://hex.tech): {description}.

hex_blocks is made by its own maintainers and is not a product of Hex Technologies.

## Installation

In a self-hosted n8n, open **Settings > Community nodes > Install** and enter `{name}`. From the packed file, in n8n's
own folder (`~/.n8n/nodes`):

```console
npm install --legacy-peer-deps {name}.tgz
```

Restart n8n afterwards. The nodes **Hex** and **Hex Trigger** are then in the palette.

## Credentials

Create a token in Hex under **Settings > API keys**, and a credential **Hex API** with it in n8n. Choose the region
where you open Hex; a single tenant is **Custom**, with its address. The token is sent to hosts under `hex.tech` only,
and to this machine. Use a token of the workspace for triggers: personal ones expire.

The credential also works in n8n's own **HTTP Request** node, as a predefined credential type.

## Operations

| Resource | Operations |
|---|---|
{operations}

**Run Project** waits for the run and gives its status, times and page. Switch **Wait for Completion** off for runs
that take hours, and look with **Get Status** after a Wait node. **Get Results** gives the charts as files: one as
`data`, several as `chart_1`, `chart_2` and so on.

**Hex Trigger** starts the workflow once for each run that has ended, oldest first. Its first check only takes note of
what there is. It keeps its place over restarts.

Input parameters are rows with a type, or one JSON object. A row's value may be text: numbers and booleans are
converted, lists are JSON arrays.

Items that fail have `error`, `errorKey`, `hint`, `runUrl` and `traceId` where the node continues on failure. With
**Retry On Fail**, a try looks for the run of the try before it and never starts a second one.

## Not in the node

{hidden}

## Compatibility

Tested with n8n 2.41 on Node 24. No dependencies.

## Resources

- [Hex API](https://learn.hex.tech/docs/api/api-overview)
- [n8n community nodes](https://docs.n8n.io/integrations/community-nodes/)

## License

[MIT](LICENSE.md)
"""


def changelog(version: str) -> bytes:
    """Return the changelog."""
    return f"# Changelog\n\n## {version}\n\n- First version: the node Hex, the trigger, and the credential.\n".encode()
