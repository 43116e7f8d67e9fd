"""The OpenAPI document by the linters of the trade: openapi-spec-validator, redocly and spectral."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

pytest.importorskip("openapi_spec_validator", reason="run by make test-hosts")

from openapi_spec_validator import validate

from hex_blocks.hosts.exports import request_for
from hex_blocks.hosts.openapi.export import HOST_NAMES, NAMES, TARGET
from hex_blocks.i18n.texts import languages

ENVIRONMENT = Path(os.environ.get("HEX_BLOCKS_HOST_ENVIRONMENT", "/nonexistent"))
BINARIES = ENVIRONMENT / "npm" / "node_modules" / ".bin"
FILES = [*NAMES.values(), *HOST_NAMES.values()]
PLAIN = [*NAMES.values()]
needs_npm = pytest.mark.skipif(not (BINARIES / "redocly").exists(), reason="npm packages could not be had")


@pytest.fixture(scope="module", params=["en", "ja"])
def folder(request, registry, tmp_path_factory) -> Path:
    """The exported files in a language."""
    assert request.param in languages()
    into: Path = tmp_path_factory.mktemp("openapi")
    for name, content in TARGET.files(request_for(TARGET, registry, language=request.param)).items():
        (into / name).write_bytes(content)
    return into


@pytest.mark.parametrize("name", FILES)
def test_it_is_a_document_of_its_version(name, folder):
    made = json.loads((folder / name).read_text())

    validate(made)


def run(*command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    env = os.environ | {"REDOCLY_TELEMETRY": "off", "NO_COLOR": "1"}
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=90, check=False)


@needs_npm
@pytest.mark.parametrize("name", [name for name in FILES if name.startswith("openapi")])
def test_redocly_finds_nothing_wrong(name, folder):
    done = run(str(BINARIES / "redocly"), "lint", name, "--format=json", folder=folder)

    found = json.loads(done.stdout)["problems"]
    said = [(each["ruleId"], each["severity"]) for each in found]
    # The small forms leave out the answers that their hosts do not read.
    expected = set() if name in PLAIN else {("operation-4xx-response", "warn")}
    assert set(said) <= expected, found[:3]


@needs_npm
@pytest.mark.parametrize("name", FILES)
def test_spectral_finds_nothing_wrong(name, folder):
    (folder / "rules.yaml").write_text('extends: ["spectral:oas"]\n')
    done = run(str(BINARIES / "spectral"), "lint", name, "--ruleset", "rules.yaml", "--format=json", folder=folder)

    assert done.returncode == 0, done.stdout[:2000] + done.stderr[:2000]


@needs_npm
def test_redocly_and_spectral_find_a_planted_fault(folder, tmp_path):
    made = json.loads((folder / "openapi-3.1.json").read_text())
    made["paths"]["/v1/tools/hex_ask"]["post"]["responses"]["200"].pop("description")
    (tmp_path / "broken.json").write_text(json.dumps(made))
    (tmp_path / "rules.yaml").write_text('extends: ["spectral:oas"]\n')

    redocly = run(str(BINARIES / "redocly"), "lint", "broken.json", folder=tmp_path)
    spectral = run(str(BINARIES / "spectral"), "lint", "broken.json", "--ruleset", "rules.yaml", folder=tmp_path)

    assert redocly.returncode == 1
    assert spectral.returncode == 1
