"""What the tests of Zapier share: the app in Zapier's own tester, a sandbox, and what Zapier keeps for an app."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from hex_blocks.clock import FastClock
from hex_blocks.hosts.exports import request_for, targets, write_files
from hex_blocks.sandbox import Sandbox
from tests.calling import our_tools
from tests.hosts.driven import Builder, connect
from tests.hosts.limits import without_limits

HERE = Path(__file__).parent
ENVIRONMENT = Path(os.environ.get("HEX_BLOCKS_HOST_ENVIRONMENT", "/nonexistent"))
MODULES = ENVIRONMENT / "npm" / "node_modules"
Json = Any
SPEED = 60


@pytest.fixture(scope="session", autouse=True)
def needs_zapier() -> None:
    failed = ENVIRONMENT / "npm-failed.txt"
    if not (MODULES / "zapier-platform-core").exists():
        pytest.skip(
            f"Zapier's platform could not be had: {failed.read_text()[-300:] if failed.exists() else ENVIRONMENT}"
        )


def exported(folder: Path, **options: Any) -> Path:
    """Write the app as it is exported, with Zapier's packages where it looks for them."""
    target = targets()["zapier"]
    write_files(target, target.files(request_for(target, our_tools(), **options)), folder)
    (folder / "node_modules").symlink_to(MODULES)
    return folder


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = exported(tmp_path_factory.mktemp("zapier") / "app")
    without_limits(made / "specs.json")
    return made


class Failed(Exception):  # noqa: N818
    """What Zapier shows of a step that failed."""

    def __init__(self, error: dict[str, str]) -> None:
        super().__init__(error["message"])
        self.name = error["name"]
        said = error["message"]
        self.said: dict[str, Any] = json.loads(said) if said.startswith("{") else {"message": said}


class Zapier(Builder):
    """The app in Zapier's tester; see drive.cjs."""

    def __init__(self, app: Path, keeper: str, log: Path) -> None:
        variables = {"NODE_ENV": "test", "ZAPIER_BASE_ENDPOINT": keeper, "ZAPIER_DEPLOY_KEY": "tests"}
        super().__init__([ENVIRONMENT / "bin" / "node", HERE / "drive.cjs", app], log, variables)

    def run(self, method: str, inputs: Json = None, **bundle: Json) -> Json:
        """Run a function of the app."""
        whole = {"authData": self.auth or {}, "inputData": inputs if inputs is not None else {}, **bundle}
        self.send({"method": method, "bundle": whole, "allowed": self.allowed})
        answer = self.receive()
        if "error" in answer:
            raise Failed(answer["error"])
        return answer["results"]

    def create(self, key: str, inputs: Json = None) -> Json:
        return self.run(f"creates.{key}.operation.perform", inputs)

    def search(self, key: str, inputs: Json = None) -> Json:
        return self.run(f"searches.{key}.operation.perform", inputs)

    def poll(self, key: str, inputs: Json = None, **meta: Json) -> Json:
        return self.run(f"triggers.{key}.operation.perform", inputs, meta=meta)


class Keeper:
    """What Zapier keeps for an app while it runs: the place in a list, and files."""

    def __init__(self, server: HTTPServer) -> None:
        self.url = server.url_for("").rstrip("/")
        self.places: dict[str, str] = {}
        self.files: list[tuple[str, str, bytes]] = []
        server.expect_request("/platform/rpc/cli").respond_with_handler(self._answer)
        server.expect_request("/files").respond_with_handler(self._take)

    def _answer(self, request: Request) -> Response:
        asked = json.loads(request.get_data())
        result: Json = None
        if asked["method"] == "get_cursor":
            result = self.places.get(asked["storeKey"])
        elif asked["method"] == "set_cursor":
            self.places[asked["storeKey"]] = asked["params"][0]
        else:
            assert asked["method"] == "get_presigned_upload_post_data"
            result = {"url": f"{self.url}/files", "fields": {"key": "one"}}
        return Response(json.dumps({"id": asked["id"], "result": result}), mimetype="application/json")

    def _take(self, request: Request) -> Response:
        file = request.files["file"]
        self.files.append((str(file.filename), str(file.mimetype), file.read()))
        return Response(status=204)


@pytest.fixture(scope="session")
def keeper() -> Iterator[Keeper]:
    # A server of its own: that of the fixtures is emptied for each test.
    with HTTPServer(host="127.0.0.1") as server:
        yield Keeper(server)


@pytest.fixture(scope="session")
def tester(app: Path, keeper: Keeper, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zapier]:
    running = Zapier(app, keeper.url, tmp_path_factory.mktemp("zapier") / "log.txt")
    yield running
    running.stop()


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(clock=FastClock(SPEED), limits=False) as running:
        yield running


@pytest.fixture
def zapier(tester: Zapier, sandbox: Sandbox) -> Zapier:
    """The app with a connection to the sandbox."""
    connect(tester, sandbox)
    return tester
