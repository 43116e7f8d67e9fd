"""The package itself: what npm and n8n read of it, its two languages of programming, and its two forms."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from hex_blocks.errors.sentences import SENTENCES
from hex_blocks.hosts.exports import request_for, targets, write_files
from hex_blocks.i18n.texts import text
from hex_blocks.tools.registry import Registry
from tests.conftest import REPOSITORY
from tests.hosts.n8n.conftest import ENVIRONMENT, MODULES, Engine, Refused, use, workflow

NODE = ENVIRONMENT / "bin" / "node"


def export(folder: Path, *, translated: bool = False, registry: Registry | None = None) -> Path:
    target = targets()["n8n"]
    request = request_for(target, registry or Registry.load(plugins=False), translated=translated)
    write_files(target, target.files(request), folder)
    return folder


@pytest.fixture
def copy(package, tmp_path) -> Path:
    """A copy of the package that finds n8n's modules, as in n8n's own folder."""
    folder = shutil.copytree(package, tmp_path / "copy")
    (folder / "node_modules").symlink_to(MODULES)
    return Path(folder)


def tsc(folder: Path, *options: str) -> str:
    command = [str(NODE), str(MODULES / "typescript" / "bin" / "tsc"), "-p", str(folder), *options]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=100).stdout


def test_every_source_has_the_types_that_n8n_declares(copy):
    assert tsc(copy) == ""


def test_the_javascript_is_what_the_typescript_compiles_to(copy, package, tmp_path, engine):
    said = tsc(
        copy, "--noEmit", "false", "--allowJs", "false", "--checkJs", "false", "--outDir", str(tmp_path / "built")
    )
    compiled = Path(shutil.copytree(package, tmp_path / "compiled"))
    made = [path.relative_to(tmp_path / "built") for path in (tmp_path / "built").rglob("*.js")]
    for path in made:
        shutil.copy(tmp_path / "built" / path, compiled / path)
    other = Engine(compiled, tmp_path / "log.txt")

    described = [each.ask("describe") for each in (engine, other)]
    other.stop()

    assert "error TS" not in said.replace("error TS7016", "")
    assert len(made) == len(list(package.glob("nodes/**/*.ts")) + list(package.glob("credentials/*.ts")))
    assert described[0] == described[1]


def test_npm_and_n8n_find_what_they_look_for(package):
    manifest = json.loads((package / "package.json").read_text())

    assert manifest["name"] == "n8n-nodes-hex-blocks"
    assert manifest["license"] == "MIT"
    assert "n8n-community-node-package" in manifest["keywords"]
    assert "dependencies" not in manifest
    assert manifest["peerDependencies"] == {"n8n-workflow": "*"}
    assert not {"preinstall", "install", "postinstall", "prepare"} & set(manifest["scripts"])
    assert (package / "LICENSE.md").read_text() == (REPOSITORY / "LICENSE").read_text()
    for path in (*manifest["n8n"]["nodes"], *manifest["n8n"]["credentials"]):
        assert (package / path).is_file()
        assert (package / path.removeprefix("dist/").replace(".js", ".ts")).is_file()
    for folder in manifest["files"]:
        assert (package / folder).exists()


def test_the_files_that_the_contract_names_are_there(package):
    names = ("nodes/Hex/Hex.node", "nodes/Hex/HexTrigger.node", "credentials/HexApi.credentials")

    assert all((package / f"{name}.{kind}").is_file() for name in names for kind in ("ts", "js"))
    assert {"package.json", "README.md", "LICENSE.md", "CHANGELOG.md"} <= {each.name for each in package.iterdir()}
    assert list((package / "examples").glob("*.json"))


def test_it_loads_as_an_installed_package_too(package, engine):
    loaded = engine.ask("package", folder=str(package))

    assert loaded == {"nodes": ["hex", "hexTrigger"], "credentials": ["hexApi"]}


def test_icons_are_for_light_and_dark(package, engine):
    hex_node = next(each for each in engine.ask("describe")["nodes"] if each["name"] == "hex")

    assert set(hex_node["iconUrl"]) == {"light", "dark"}
    drawn = [(package / "nodes" / "Hex" / name).read_text() for name in ("hex.svg", "hex.dark.svg")]
    assert drawn[0] != drawn[1]
    assert all(each.startswith("<svg") for each in drawn)


def test_nothing_that_verified_nodes_may_not_use_is_in_it(package):
    banned = re.compile(r"\b(?:setTimeout|setInterval|setImmediate|globalThis|process|__dirname)\b|child_process|node:")
    found = {
        path.relative_to(package).as_posix(): banned.findall(_code(path))
        for path in package.rglob("*.js")
        if banned.search(_code(path))
    }

    assert found == {}


def _code(path: Path) -> str:
    return re.sub(r"/\*.*?\*/|//[^\n]*", "", path.read_text(), flags=re.DOTALL)


def test_no_file_of_a_program_is_long(package):
    programs = [path for folder in ("runtime", "core") for path in (package / folder).rglob("*.js")]

    assert [path.name for path in programs if len(path.read_text().splitlines()) > 400] == []


@pytest.fixture(scope="module")
def translated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export(tmp_path_factory.mktemp("translated") / "package", translated=True)


@pytest.fixture
def german(translated, tmp_path) -> Iterator[Engine]:
    running = Engine(translated, tmp_path / "log.txt", N8N_DEFAULT_LOCALE="de")
    yield running
    running.stop()


def test_the_second_form_is_translated(translated, german, sandbox):
    words = json.loads((translated / "nodes" / "Hex" / "translations" / "de" / "hex.json").read_text())["hex"]
    german.ask("credentials", values={"apiKey": "hxtp_nobody", "region": "custom", "baseUrl": sandbox.base_url})

    with pytest.raises(Refused) as caught:
        german.ask("choose", kind="listSearch", method="searchProjects", parameters={})

    assert words["nodeView"]["projectId"]["displayName"] == "Projekt-ID"
    assert str(caught.value) == text(SENTENCES["token_refused"].message, "de")


def test_hosts_that_the_operator_allows_are_allowed_in_the_second_form(translated, tmp_path, httpserver):
    running = Engine(translated, tmp_path / "log.txt", HEX_BLOCKS_ALLOWED_HOSTS="hex.internal.example")
    running.ask(
        "credentials", values={"apiKey": "hxtp_x", "region": "custom", "baseUrl": "https://hex.internal.example"}
    )

    base = running.ask("authenticated")["baseURL"]
    running.stop()

    assert base == "https://hex.internal.example/api/v1"


def test_a_plugins_tool_is_in_it_where_it_is_one_request(with_plugin, sandbox, tmp_path):
    folder = export(tmp_path / "package", registry=with_plugin)
    running = Engine(folder, tmp_path / "log.txt")
    use(running, sandbox)
    collection = sandbox.world.collection("Archive").id
    parameters = {"resource": "cats", "collectionId": {"__rl": True, "mode": "id", "value": collection}}

    done = running.ask("run", workflow=workflow("catsCountCats", parameters))
    running.stop()

    assert done["outputs"]["Hex"][0][0][0]["json"]["total"] is not None, done["error"]
    assert "catsFeedCat" not in (folder / "nodes" / "Hex" / "plans.js").read_text()


def test_its_description_loads_at_once(package):
    """How long the largest part takes, in a Node of its own: printed, since machines differ."""
    code = """
        const began = process.hrtime.bigint();
        for (const name of require('fs').readdirSync(process.argv[1])) {
            if (name.endsWith('.js')) require(process.argv[1] + '/' + name);
        }
        console.log(Number(process.hrtime.bigint() - began) / 1e6);
    """
    command = [str(NODE), "-e", code, str(package / "nodes" / "Hex" / "descriptions")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)

    print(f"the descriptions load in {float(done.stdout):.0f} ms")
