"""The command line as people and programs use it: processes of their own, against a Hex on this machine."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import shlex
import shutil
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from pytest_httpserver import HTTPServer

from hex_blocks import Registry, __version__
from hex_blocks.cli import COMMANDS, show_error
from hex_blocks.cli.new_tool import BLANK
from hex_blocks.cli.progress import shown_progress
from hex_blocks.clock import FastClock
from hex_blocks.errors.classes import hex_error
from hex_blocks.errors.sentences import SENTENCES
from hex_blocks.sandbox import TOKENS, Sandbox
from hex_blocks.tools.progress import Progress
from tests.conftest import Finished, RunCommand, environment_for
from tests.faulty import Faulty, silence
from tests.marks import mostly_slow
from tests.whole import whole

PROJECT = "01234567-89ab-cdef-0123-456789abcdef"
RUN = "78c33d18-170c-44d3-a227-b3194f134f73"
SECRET = "hxtp_never_to_be_shown"
COLOUR = "\x1b["
# A run there is over before it is first looked at.
HURRY = 100_000

Environment = dict[str, str]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(clock=FastClock(HURRY), limits=False) as running:
        yield running


@pytest.fixture
def living(sandbox: Sandbox) -> Environment:
    """The environment that leads to the sandbox."""
    return environment_for(sandbox.base_url, sandbox.origin, TOKENS.personal)


@pytest.fixture
def served(httpserver: HTTPServer) -> Environment:
    """The environment that leads to a server that answers as a test says."""
    return environment_for(httpserver.url_for("/api/v1"), httpserver.url_for("").rstrip("/"), SECRET)


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "hex_blocks", *arguments]


def on_a_terminal(*arguments: str, typed: str = "", env: Environment | None = None) -> tuple[int, str]:
    """Run our command on a terminal of its own, and give its exit code and what is on the screen."""
    return program_on_a_terminal(command(*arguments), typed, env)


def program_on_a_terminal(program: list[str], typed: str, env: Environment | None = None) -> tuple[int, str]:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", 50, 160, 0, 0))
    with subprocess.Popen(
        program,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=os.environ | {"TERM": "xterm"} | (env or {}),
    ) as process:
        os.close(theirs)
        os.write(ours, typed.encode())
        screen = b"".join(read_until_closed(ours))
        os.close(ours)
    return process.returncode, screen.decode()


def read_until_closed(terminal: int) -> Iterator[bytes]:
    # Linux ends a terminal that nobody holds any more with an error.
    with suppress(OSError):
        while piece := os.read(terminal, 65536):
            yield piece


def bodies(httpserver: HTTPServer) -> list[Any]:
    return [request.get_json() for request, _ in httpserver.log]


# What there is


def test_tools_are_listed_as_json_where_nobody_is_looking(here: RunCommand) -> None:
    listed = here("tools")

    tools = json.loads(listed.stdout)
    assert (listed.returncode, listed.stderr) == (0, "")
    assert {tuple(tool) for tool in tools} == {("id", "title", "group", "operation")}
    assert "hex_run_project" in [tool["id"] for tool in tools]
    assert json.loads(here("tools", "--json").stdout) == tools


def test_tools_of_a_group_are_listed(here: RunCommand) -> None:
    listed = here("tools", "--group", "runs")

    assert {tool["group"] for tool in json.loads(listed.stdout)} == {"runs"}


def test_tools_are_a_table_with_colour_on_a_terminal() -> None:
    code, screen = on_a_terminal("tools")

    assert code == 0
    assert re.search(r"hex_run_project +Run a project +runs +mutation", screen)
    assert COLOUR in screen


@pytest.mark.parametrize("arguments", [["tools"], ["show", "run_project"], ["--help"]], ids=" ".join)
def test_colour_stays_on_terminals(here: RunCommand, arguments: list[str]) -> None:
    printed = here(*arguments)

    assert COLOUR not in printed.stdout + printed.stderr


def test_no_color_is_honoured() -> None:
    code, screen = on_a_terminal("tools", env={"NO_COLOR": "1"})

    assert (code, re.findall(r"\x1b\[3[0-9]", screen)) == (0, [])


def test_json_stays_json_on_a_terminal() -> None:
    _, screen = on_a_terminal("tools", "--json")

    assert json.loads(screen)[0]["id"]


def test_a_tool_is_shown_as_the_contract_says(here: RunCommand) -> None:
    shown = json.loads(here("show", "run_project", "--json").stdout)

    assert {"id", "title", "description", "group", "operation", "inputSchema", "outputSchema", "examples"} <= set(shown)
    assert shown["id"] == "hex_run_project"
    assert shown["request"] == {"operationId": "RunProject", "method": "POST", "path": "/projects/{projectId}/runs"}
    assert {tuple(example) for example in shown["examples"]} == {("inputs", "outputs")}


def test_a_command_reads_the_registry_once(here: RunCommand, monkeypatch: pytest.MonkeyPatch) -> None:
    loads = Mock(side_effect=Registry.load)
    monkeypatch.setattr(Registry, "load", loads)

    here("show", "hex_run_project")
    here("call", "hex_run_project", "--help")

    assert loads.call_count == 2


def test_a_tool_is_shown_in_strict_form(here: RunCommand) -> None:
    schema = json.loads(here("show", "run_project", "--strict", "--json").stdout)["inputSchema"]

    assert schema["required"] == list(schema["properties"])


def test_a_tool_is_shown_for_people_on_a_terminal() -> None:
    code, screen = on_a_terminal("show", "run_project")

    plain = re.sub(r"\x1b\[[0-9;]*m", "", screen)
    assert code == 0
    assert "Run a project  (hex_run_project)" in plain
    assert re.search(r"projectId +string \(uuid\), required", plain)
    assert re.search(r"^    type +string, required, SUCCESS \| FAILURE \| ALL", plain, re.MULTILINE)
    assert "hex-blocks call hex_run_project --input '{" in plain


# Calls


def test_a_call_prints_its_result_as_json(here: RunCommand, living: Environment) -> None:
    called = here("call", "list_projects", "limit=2", env=living)

    result = json.loads(called.stdout)
    assert (called.returncode, called.stderr) == (0, "")
    assert (result["total"], len(result["projects"])) == (2, 2)


def test_a_call_on_the_sandbox_needs_nothing(here: RunCommand) -> None:
    called = here("call", "hex_get_project", f"projectId={PROJECT}", "--sandbox")

    assert called.returncode == 0
    assert json.loads(called.stdout)["id"] == PROJECT


def test_a_call_tells_its_progress_on_stderr(hex_blocks: RunCommand, living: Environment, fast: dict[str, str]) -> None:
    called = hex_blocks("call", "run_and_wait", f"projectId={PROJECT}", "inputParams.region=EMEA", env=living | fast)

    assert called.returncode == 0
    assert json.loads(called.stdout)["status"] == "COMPLETED"
    assert re.search(r"^Run [0-9a-f-]{36}: COMPLETED", called.stderr, flags=re.MULTILINE)


def test_a_quiet_call_tells_nothing(hex_blocks: RunCommand, living: Environment, fast: dict[str, str]) -> None:
    called = hex_blocks("call", "run_and_wait", f"projectId={PROJECT}", "--quiet", env=living | fast)

    assert (called.returncode, called.stderr) == (0, "")


def test_warnings_of_a_result_are_told_on_stderr(here: RunCommand, living: Environment) -> None:
    arguments = [f"projectId={PROJECT}", "inputParams.region=EMEA", "updatePublishedResults=yes"]

    called = here("call", "run_project", *arguments, env=living)

    assert called.returncode == 0
    assert [warning["warning"] for warning in json.loads(called.stdout)["warnings"]] == ["inputs_ignored"]
    assert "Note: updatePublishedResults was given together with input parameters." in called.stderr


@pytest.mark.parametrize(
    ("arguments", "body"),
    [
        (["inputParams.region=EMEA"], {"inputParams": {"region": "EMEA"}}),
        (["inputParams.year=2026", "inputParams.n:=3"], {"inputParams": {"year": "2026", "n": 3}}),
        (["inputParams.a.b.c=x"], {"inputParams": {"a": {"b": {"c": "x"}}}}),
        (["inputParams.r=A", "inputParams.r=B"], {"inputParams": {"r": ["A", "B"]}}),
        (['inputParams:={"a": [1, null, true]}'], {"inputParams": {"a": [1, None, True]}}),
        (['inputParams={"a": 1}'], {"inputParams": {"a": 1}}),
        (["inputParams.equation=a=b"], {"inputParams": {"equation": "a=b"}}),
        (["inputParams.blank="], {"inputParams": {"blank": ""}}),
        (["dryRun=false", "useCachedSqlResults:=true"], {"dryRun": False, "useCachedSqlResults": True}),
        (["viewId=", "dryRun:=null"], {}),
        (["--input", '{"inputParams": {"a": 1}}'], {"inputParams": {"a": 1}}),
        (["--input", '{"dryRun": true, "viewId": "x"}', "viewId=y"], {"dryRun": True, "viewId": "y"}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_inputs_are_given_by_name_or_as_a_document(
    here: RunCommand, httpserver: HTTPServer, served: Environment, arguments: list[str], body: Any
) -> None:
    httpserver.expect_request(f"/api/v1/projects/{PROJECT}/runs", "POST").respond_with_json({"runId": RUN}, status=201)

    called = here("call", "run_project", f"projectId={PROJECT}", *arguments, env=served)

    assert called.returncode == 0
    assert bodies(httpserver) == [body]


@pytest.mark.parametrize("way", ["@", "-"])
def test_inputs_are_read_from_a_file_or_from_stdin(
    here: RunCommand, tmp_path: Path, living: Environment, way: str
) -> None:
    document = json.dumps({"projectId": PROJECT})
    (tmp_path / "inputs.json").write_text(document)
    given = {"@": f"@{tmp_path / 'inputs.json'}", "-": "-"}[way]

    called = here("call", "get_project", "--input", given, stdin=document, env=living)

    assert called.returncode == 0
    assert json.loads(called.stdout)["id"] == PROJECT


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32", "utf-16-le", "utf-16-be"])
def test_a_document_may_begin_with_a_byte_order_mark(
    here: RunCommand, tmp_path: Path, living: Environment, encoding: str
) -> None:
    mark = "\ufeff" if encoding.endswith(("-le", "-be")) else ""
    file = tmp_path / "inputs.json"
    file.write_bytes((mark + json.dumps({"projectId": PROJECT})).encode(encoding))

    called = here("call", "get_project", "--input", f"@{file}", env=living)

    assert called.returncode == 0, called.stderr
    assert json.loads(called.stdout)["id"] == PROJECT


def test_another_encoding_is_named(here: RunCommand, tmp_path: Path) -> None:
    file = tmp_path / "inputs.json"
    file.write_bytes('{"query": "Umsätze"}'.encode("latin-1"))

    called = here("call", "find_project", "--input", f"@{file}")

    assert called.returncode == 2
    assert "This is not UTF-8" in called.stderr
    assert "Traceback" not in called.stderr


# What goes wrong


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["call"], "Missing argument 'TOOL'", id="no tool"),
        pytest.param(["tols"], "No such command 'tols'. Did you mean tools?", id="mistyped command"),
        pytest.param(["xyzzy"], "No such command 'xyzzy'.", id="unknown command"),
        pytest.param(["tools", "--jsn"], "--json", id="mistyped option"),
        pytest.param(["tools", "--group", ""], 'There is no group ""; there are notebook, runs', id="blank-group"),
        pytest.param(["show", "run_project", "--language", ""], 'There is no ""; there are en', id="blank-language"),
        pytest.param(["export", ""], '"" is not a target.', id="blank-target"),
        pytest.param(["tools", "--group", "runz"], "There is no group runz; there are notebook, runs", id="group"),
        pytest.param(["tools", "--language", "xx"], "There is no xx; there are en", id="language"),
        pytest.param(["show", "run_projct"], "No tool is called 'run_projct'. Did you mean hex_run_project", id="tool"),
        pytest.param(["call", "hex_run_projct"], "Did you mean hex_run_project", id="called tool"),
        pytest.param(["call", "xyzzy"], "No tool is called 'xyzzy'.", id="tool like no other"),
        pytest.param(["call", "get_project", "project"], "'project' is not NAME=VALUE.", id="no value"),
        pytest.param(["call", "get_project", "=x"], "'=x' is not NAME=VALUE.", id="no name"),
        pytest.param(["call", "get_project", "projectId"], "'projectId' is not NAME=VALUE.", id="name alone"),
        pytest.param(
            ["call", "get_project", f"projectID={PROJECT}"],
            "projectID is not an input of this tool. Did you mean projectId?",
            id="mistyped input",
        ),
        pytest.param(["call", "get_project"], "projectId is required.", id="missing input"),
        pytest.param(["call", "get_project", "projectId=1"], "projectId must be an ID such as", id="bad id"),
        pytest.param(["call", "get_project", "projectId:={"], "The value of projectId is not JSON: '{'", id="bad json"),
        pytest.param(["call", "run_project", "inputParams=x", "inputParams.a=1"], "inputParams is given", id="both"),
        pytest.param(
            ["call", "get_project", "--input", '{"a": 1,}'],
            "This is not JSON: ",
            id="bad document",
        ),
        pytest.param(["call", "get_project", "--input", '{\n"a" 1}'], "at line 2, column 5.", id="place in a document"),
        pytest.param(["call", "get_project", "--input", "[1]"], "Inputs are a JSON object", id="list as document"),
        pytest.param(["call", "get_project", "--input", "[" * 100_000], "This is not JSON", id="deep document"),
        pytest.param(["call", "get_project", "--input", "9" * 5000], "This is not JSON", id="long number"),
        pytest.param(["call", "get_project", "--input", "@nowhere.json"], "nowhere.json cannot be read", id="no file"),
        pytest.param(["call", "get_project", "--input", "@."], ". cannot be read", id="folder as file"),
        pytest.param(["call", "get_project", "--input", ""], "This is not JSON", id="empty document"),
        pytest.param(
            ["call", "get_project", f"projectId={PROJECT}", "baseUrl=https://hex.tech.example.com"],
            "The token is not sent to hex.tech.example.com",
            id="strange host",
        ),
        pytest.param(
            ["call", "get_project", f"projectId={PROJECT}", "baseUrl=ftp://app.hex.tech"],
            "it must begin with https://",
            id="strange scheme",
        ),
        pytest.param(
            ["new-tool", "Things", "--method", "GET", "--path", "/things"], "Things is not a tool ID", id="id"
        ),
        pytest.param(["new-tool", "hex_x", "--method", "GET", "--path", "things"], "things is not a path", id="path"),
        pytest.param(["new-tool", "hex_x", "--method", "GET"], "Missing option '--path'", id="no path"),
        pytest.param(["new-tool", "hex_x", "--method", "FETCH", "--path", "/x"], "FETCH", id="method"),
        pytest.param(["new-tool", "hex_run_project", "--method", "GET", "--path", "/x"], "already exists", id="taken"),
        pytest.param(
            ["new-tool", "hex_x", "--method", "GET", "--path", "/x", "--group", "runz"], "no group runz", id="no group"
        ),
        pytest.param(["sandbox", "--port", "99999"], "99999", id="port"),
        pytest.param(["sandbox", "--speed", "0"], "0", id="speed"),
    ],
)
def test_wrong_use_exits_2_and_says_what_would_be_right(here: RunCommand, arguments: list[str], said: str) -> None:
    refused = here(*arguments, env={"HEX_API_TOKEN": SECRET})

    assert refused.returncode == 2
    assert said in refused.stderr
    assert refused.stdout == ""
    assert re.findall(f"Traceback|{SECRET}", refused.stderr) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "x", "--timeout", "soon"], "'soon' is not a number."),
        (["run", "x", "--timeout", "nan"], "'nan' is not a number."),
        (["follow", "x", "--timeout", "1e400"], "'1e400' is not a number."),
        (["sandbox", "--speed", "inf"], "'inf' is not a number."),
        (["sandbox", "--speed", "0"], "0.0 is not in the range x>0."),
        (["sandbox", "--port", "1.5"], "'1.5' is not a whole number."),
        (["runs", "x", "--limit", "9" * 5000], "is not a whole number."),
        (["serve", "--keep", "nan"], "'nan' is not a number."),
        (["mcp", "--longest-wait", "inf"], "'inf' is not a number."),
    ],
)
def test_an_option_that_is_not_a_number_in_its_range_is_refused(
    here: RunCommand, arguments: list[str], said: str
) -> None:
    done = here(*arguments)

    assert done.returncode == 2
    assert "Invalid value for" in done.stderr
    assert said in done.stderr
    assert len(done.stderr) < 400


def test_every_fault_of_the_inputs_is_told_at_once(here: RunCommand) -> None:
    refused = here("call", "run_project", "projectId=1", "dryRun=perhaps", "colour=red", "inputParams={")

    assert refused.returncode == 2
    assert "projectId must be an ID" in refused.stderr
    assert "dryRun must be true or false" in refused.stderr
    assert "colour is not an input of this tool" in refused.stderr
    assert "inputParams is not valid JSON: Expecting property name enclosed in double quotes" in refused.stderr
    assert "at line 1, column 2" in refused.stderr


def test_an_error_is_one_json_document_where_it_is_asked_for(here: RunCommand) -> None:
    refused = here("call", "get_project", "projectId=1", "--json", env={"HEX_API_TOKEN": SECRET})

    document = json.loads(refused.stdout)
    assert refused.returncode == 2
    assert (document["error"], document["kind"]) == ("bad_inputs", "input")
    assert [(fault["input"], fault["fault"]) for fault in document["faults"]] == [("projectId", "not_uuid")]


@pytest.mark.parametrize(
    "arguments", [("call", "run_batch", "a:={"), ("call",), ("call", "list_users", "--input", "[")]
)
def test_wrong_use_is_one_json_document_where_it_is_asked_for(here: RunCommand, arguments: tuple[str, ...]) -> None:
    called = here(*arguments, "--json")

    document = json.loads(called.stdout)
    assert called.returncode == 2
    assert (document["error"], document["kind"]) == ("wrong_use", "input")
    assert document["message"] in called.stderr


@pytest.mark.parametrize(
    ("token", "error", "hint"),
    [
        (None, "token_missing", "Log in with hex-blocks login, set HEX_API_TOKEN, or give apiKey."),
        (TOKENS.expired, "token_refused", "Create a new token in Hex"),
        (TOKENS.no_permission, "no_permission", "Ask for access"),
        ("two words", "token_malformed", "Copy it again from Hex"),
    ],
    ids=["none", "expired", "without-permission", "malformed"],
)
def test_a_token_that_does_not_serve_exits_1_with_a_remedy(
    here: RunCommand, living: Environment, token: str | None, error: str, hint: str
) -> None:
    env = {"HEX_API_TOKEN": token or ""}

    refused = here("call", "get_project", f"projectId={PROJECT}", "--json", env=living | env)

    document = json.loads(refused.stdout)
    assert (refused.returncode, document["error"]) == (1, error)
    assert hint in document["hint"]
    assert document["message"] in refused.stderr
    assert (token or "hxtp_") not in refused.stdout + refused.stderr


def test_a_refusal_of_hex_exits_1_with_its_trace_id(
    here: RunCommand, httpserver: HTTPServer, served: Environment
) -> None:
    body = {"reason": f"No such project, {SECRET}", "traceId": "t-17"}
    httpserver.expect_request(f"/api/v1/projects/{PROJECT}").respond_with_json(body, status=404)

    refused = here("call", "get_project", f"projectId={PROJECT}", "--json", env=served)

    document = json.loads(refused.stdout)
    assert (refused.returncode, document["error"], document["trace_id"]) == (1, "not_found", "t-17")
    assert "Hex's trace ID: t-17" in refused.stderr
    assert SECRET not in refused.stdout + refused.stderr


def test_a_refusal_without_json_is_a_sentence_on_stderr(
    here: RunCommand, httpserver: HTTPServer, served: Environment
) -> None:
    httpserver.expect_request(f"/api/v1/projects/{PROJECT}").respond_with_json({"reason": "Gone."}, status=404)

    refused = here("call", "get_project", f"projectId={PROJECT}", env=served)

    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.startswith("Not found in Hex: Gone.\n")


def test_control_characters_from_outside_do_not_reach_the_terminal(
    here: RunCommand, httpserver: HTTPServer, served: Environment
) -> None:
    reason = "\x1b]0;title\x07\x1b[2J gone"
    httpserver.expect_request(f"/api/v1/projects/{PROJECT}").respond_with_json({"reason": reason}, status=404)

    refused = here("call", "get_project", f"projectId={PROJECT}", env=served)

    assert "gone" in refused.stderr
    assert "\x1b" not in refused.stderr


@pytest.mark.parametrize("arguments", [["tools"], ["show", "run_project"], ["--help"]], ids=" ".join)
def test_a_closed_pipe_is_no_reason_to_complain(arguments: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)

    with os.fdopen(writing, "wb") as pipe:
        ended = subprocess.run(command(*arguments), stdout=pipe, stderr=subprocess.PIPE, timeout=60, check=False)

    assert ended.returncode == 1
    assert ended.stderr == b""


def test_head_gets_its_line() -> None:
    line = f"'{sys.executable}' -m hex_blocks show run_project --json | head -1"

    ended = subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=60, check=True)

    assert (ended.stdout, ended.stderr) == ("{\n", "")


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_whatever_hex_says_is_json_in_any_encoding(
    hex_blocks: RunCommand, httpserver: HTTPServer, served: Environment, encoding: str
) -> None:
    title = "Łódź → 東京 😀 \x1b[31m"
    httpserver.expect_request(f"/api/v1/projects/{PROJECT}").respond_with_json(whole("hex_get_project", title=title))
    env = served | {"PYTHONIOENCODING": encoding}

    called = hex_blocks("call", "get_project", f"projectId={PROJECT}", env=env, encoding=encoding)

    assert (called.returncode, called.stderr) == (0, "")
    assert json.loads(called.stdout)["title"] == title
    assert COLOUR not in called.stdout


def test_half_of_a_surrogate_pair_is_marked_as_lost(
    here: RunCommand, httpserver: HTTPServer, served: Environment
) -> None:
    answer = whole("hex_get_project", title="half: \ud83d")
    httpserver.expect_request(f"/api/v1/projects/{PROJECT}").respond_with_json(answer)

    called = here("call", "get_project", f"projectId={PROJECT}", env=served)

    assert (called.returncode, called.stderr) == (0, "")
    assert json.loads(called.stdout)["title"] == "half: \ufffd"


def test_a_full_disk_is_told_without_a_traceback() -> None:
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(command("tools"), stdout=full, stderr=subprocess.PIPE, timeout=60, check=False)

    assert ended.returncode == 1
    assert b"No space left on device" in ended.stderr
    assert b"Traceback" not in ended.stderr


@pytest.mark.parametrize("closing", mostly_slow(["2>&-", "2> >(true)", "2> >(head -1 >/dev/null)"], "2>&-"))
def test_a_result_comes_though_nobody_listens_to_the_progress(closing: str, fast: dict[str, str]) -> None:
    called = command("call", "run_batch", f"projectId={PROJECT}", "parameterSets:=[{}]", "--sandbox")
    line = f"{shlex.join(called)} {closing}"

    ended = subprocess.run(
        ["bash", "-c", line], env=os.environ | fast, stdout=subprocess.PIPE, text=True, timeout=60, check=False
    )

    assert json.loads(ended.stdout)["succeeded"] is True
    assert ended.returncode == 0


def test_a_closed_stdout_is_no_reason_to_complain() -> None:
    line = f"{shlex.join(command('call', 'list_projects', '--sandbox'))} >&-"

    ended = subprocess.run(["bash", "-c", line], stderr=subprocess.PIPE, text=True, timeout=60, check=False)

    assert (ended.returncode, ended.stderr) == (0, "")


def test_a_file_of_inputs_may_begin_with_a_byte_order_mark(
    here: RunCommand, httpserver: HTTPServer, served: Environment, tmp_path: Path
) -> None:
    httpserver.expect_request(f"/api/v1/projects/{PROJECT}").respond_with_json(whole("hex_get_project"))
    file = tmp_path / "inputs.json"
    file.write_text(json.dumps({"projectId": PROJECT}), encoding="utf-8-sig")

    called = here("call", "get_project", "--input", f"@{file}", env=served)

    assert (called.returncode, called.stderr) == (0, "")


def test_an_empty_key_is_told_of(hex_blocks: RunCommand, fast: dict[str, str]) -> None:
    arguments = ("call", "run_and_wait", f"projectId={PROJECT}", "idempotencyKey=", "--sandbox", "--quiet")

    called = hex_blocks(*arguments, env=fast)

    assert called.returncode == 0
    assert called.stderr == "Note: idempotencyKey is empty, so it counts as not given.\n"


# Stopping


def interrupted(process: subprocess.Popen[str], when: Callable[[str], bool], sign: signal.Signals) -> Finished:
    """Send a signal to a process once it has said something on stderr, and give how it ended."""
    assert process.stderr is not None
    said = ""
    while not when(said):
        line = process.stderr.readline()
        assert line, f"it ended too soon: {said}"
        said += line
    process.send_signal(sign)
    out, err = process.communicate(timeout=30)
    return Finished(process.args, process.returncode, out, said + err)


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "terminated"])
def test_stopping_a_wait_exits_130_and_says_that_the_run_goes_on(sign: signal.Signals) -> None:
    waiting = command("call", "run_and_wait", f"projectId={PROJECT}", "--sandbox", "--json")

    with subprocess.Popen(waiting, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        ended = interrupted(process, lambda said: re.search(r"Run \S+: (PENDING|RUNNING)", said) is not None, sign)

    document = json.loads(ended.stdout)
    assert ended.returncode == 130
    assert "The run keeps running in Hex." in ended.stderr
    assert document["error"] == "interrupted"
    assert document["values"]["runId"] in document["values"]["runUrl"]
    assert "Traceback" not in ended.stderr


@pytest.mark.slow
def test_stopping_what_hex_has_not_answered_says_that_it_may_have_been_done() -> None:
    with (
        Faulty(silence) as server,
        subprocess.Popen(
            command("call", "create_group", "name=Interns"),
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | environment_for(server.base_url, server.origin, SECRET),
        ) as process,
    ):
        while not server.requests:
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        ended = interrupted(process, lambda said: "Interrupt again" in said, signal.SIGINT)

    assert ended.returncode == 130
    assert ended.stderr.splitlines()[1:] == [
        "Hex may have done it all the same: look in Hex before you try again.",
        "Stopped.",
    ]


@pytest.mark.parametrize("key", [key for key in SENTENCES if "interrupted" in key or key == "call_stopped"])
def test_whatever_was_stopped_exits_130(key: str) -> None:
    assert (
        show_error(hex_error(key, **dict.fromkeys(re.findall(r"{(\w+)", " ".join(map(str, SENTENCES[key]))), "x")))
        == 130
    )


def test_a_tool_that_destroys_asks_first_on_a_terminal(httpserver: HTTPServer, served: Environment) -> None:
    httpserver.expect_request(f"/api/v1/groups/{RUN}", "DELETE").respond_with_data("", status=204)
    group = {"id": RUN, "name": "Interns \x1b[31m", "createdAt": "2026-01-01T00:00:00Z"}
    httpserver.expect_request(f"/api/v1/groups/{RUN}", "GET").respond_with_json(group)

    refused, screen = on_a_terminal("call", "delete_group", f"groupId={RUN}", typed="n\n", env=served)
    none_sent = sent_by(httpserver, "DELETE")
    agreed, _ = on_a_terminal("call", "delete_group", f"groupId={RUN}", typed="y\n", env=served)
    german, asked = on_a_terminal(
        "call", "delete_group", f"groupId={RUN}", "--language", "de", typed="ja\n", env=served
    )

    assert f"Delete a group: Interns  [31m ({RUN}). Continue?" in screen
    assert "[ja/nein]" in asked
    assert (refused, none_sent) == (1, 0)
    assert "Nothing was changed." in screen
    assert (agreed, german, sent_by(httpserver, "DELETE")) == (0, 0, 2)


def sent_by(httpserver: HTTPServer, method: str) -> int:
    return sum(request.method == method for request, _ in httpserver.log)


REMOVING = {
    "delete_group": {"groupId": RUN},
    "delete_cell": {"cellId": RUN},
    "delete_guide_draft": {"orgGuideFileId": RUN},
    "deactivate_user": {"userId": RUN},
    "cancel_active_runs": {"projectId": PROJECT},
}


def test_what_removes_is_what_is_asked_about(registry: Registry) -> None:
    removing = {tool.id.removeprefix("hex_") for tool in registry.values() if tool.removes}

    assert removing == set(REMOVING)


@pytest.mark.parametrize("tool", REMOVING)
def test_nothing_is_removed_where_nobody_can_be_asked(
    here: RunCommand, httpserver: HTTPServer, served: Environment, tool: str
) -> None:
    given = [f"{name}={value}" for name, value in REMOVING[tool].items()]

    refused = here("call", tool, *given, "--json", env=served)
    on_sandbox = here("call", tool, *given, "--sandbox")

    assert (refused.returncode, on_sandbox.returncode) == (2, 2)
    assert json.loads(refused.stdout)["error"] == "wrong_use"
    assert "give --yes" in refused.stderr
    assert "give --yes" in on_sandbox.stderr
    assert httpserver.log == []


def test_what_does_not_exist_is_not_asked_about(httpserver: HTTPServer, served: Environment) -> None:
    httpserver.expect_request(f"/api/v1/groups/{RUN}").respond_with_json({"reason": "no such group"}, status=404)

    code, screen = on_a_terminal("call", "delete_group", f"groupId={RUN}", typed="", env=served)

    assert code == 1
    assert "Continue?" not in screen


# The other commands


@pytest.mark.parametrize("name", [*COMMANDS, ""])
def test_help_is_there_with_an_example(here: RunCommand, name: str) -> None:
    helped = here(*name.split(), "--help")

    assert (helped.returncode, helped.stderr) == (0, "")
    assert re.search(rf"^  Examples?:\n    hex-blocks {name}", helped.stdout, flags=re.MULTILINE)
    assert "\\b" not in helped.stdout


def test_without_a_command_the_help_is_shown(hex_blocks: RunCommand) -> None:
    told = hex_blocks()

    assert "Commands:" in told.stdout + told.stderr
    assert "Traceback" not in told.stderr


def test_the_version_is_told(here: RunCommand) -> None:
    told = here("--version")

    assert (told.returncode, told.stdout) == (0, f"hex-blocks, version {__version__}\n")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_are_given(hex_blocks: RunCommand, shell: str) -> None:
    script = hex_blocks(env={"_HEX_BLOCKS_COMPLETE": f"{shell}_source"})

    assert (script.returncode, script.stderr) == (0, "")
    assert "_HEX_BLOCKS_COMPLETE" in script.stdout


@pytest.mark.slow
@pytest.mark.parametrize("shell", [["bash", "--norc", "-i"], ["zsh", "-f", "-i"]], ids=lambda shell: shell[0])
def test_no_blank_comes_after_a_name_whose_value_is_to_come(shell: list[str]) -> None:
    if shutil.which(shell[0]) is None:
        pytest.skip(f"there is no {shell[0]} here")
    script = f'eval "$(_HEX_BLOCKS_COMPLETE={shell[0]}_source hex-blocks)"\r'
    begin = "autoload -Uz compinit; compinit -u -D\r" if shell[0] == "zsh" else ""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])

    # In front of the line a # keeps it from being carried out.
    typed = f"{begin}{script}hex-blocks call run_project dryR\ttru\x01#\rexit\r"
    _, screen = program_on_a_terminal(shell, typed, {"PATH": path, "HISTFILE": "/dev/null"})

    assert "dryRun=tru" in screen


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        ("hex-blocks sh", "show"),
        ("hex-blocks call hex_run_pr", "hex_run_project"),
        ("hex-blocks call run_pr", "hex_run_project"),
        ("hex-blocks call run_project projectId=x inputP", "inputParams="),
        ("hex-blocks show --str", "--strict"),
    ],
)
def test_commands_tools_and_inputs_are_completed(hex_blocks: RunCommand, words: str, completed: str) -> None:
    count = str(len(words.split()) - 1)

    told = hex_blocks(env={"_HEX_BLOCKS_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": count})

    assert f"plain,{completed}" in told.stdout.splitlines()


@pytest.mark.parametrize(
    ("language", "heading", "ending"),
    [
        ("en", "Options:", "'TOOL'."),
        ("de", "Optionen:", "'TOOL'."),
        ("fr", "Options\u202f:", "'TOOL'."),
        ("ja", "オプション：", "'TOOL'。"),
        ("ko", "옵션:", "'TOOL'."),
        ("zh_Hans", "选项：", "'TOOL'。"),
    ],
)
def test_help_and_errors_end_as_their_language_does(here: RunCommand, language: str, heading: str, ending: str) -> None:
    helped, refused = (here("call", *more, env={"LANGUAGE": language}) for more in (["--help"], []))

    assert f"\n{heading}\n" in helped.stdout
    assert refused.stderr.rstrip().endswith(ending)
    assert "： " not in helped.stdout.splitlines()[0]


@pytest.mark.slow
def test_the_check_is_content_with_what_is_there(here: RunCommand) -> None:
    checked = here("check", "--json")

    assert (checked.returncode, json.loads(checked.stdout)["problems"]) == (0, [])


@pytest.mark.parametrize("method", ["GET", "post", "DELETE"])
def test_a_new_tool_is_a_spec_that_reads_and_lacks_its_words(here: RunCommand, tmp_path: Path, method: str) -> None:
    out = tmp_path / "specs"
    arguments = ["hex_write_thing", "--method", method, "--path", "/things/{thingId}", "--group", "projects"]

    made = here("new-tool", *arguments, "--out", str(out))
    again = here("new-tool", *arguments, "--out", str(out))

    file = out / "hex_write_thing.json"
    read = read_spec(file)
    assert made.returncode == 0
    assert f"Wrote {file}: write the {file.read_text().count(BLANK)} texts marked {BLANK}" in made.stdout
    assert (read.request.method, read.request.placeholders, read.group) == (method.upper(), ["thingId"], "projects")
    assert again.returncode != 0
    assert "cannot be written: File exists" in again.stderr


def read_spec(file: Path) -> Any:
    from hex_blocks.tools.spec.reading import read_tool_spec

    return read_tool_spec(json.loads(file.read_bytes()), file)


def test_a_sandbox_is_started_and_used_from_elsewhere(here: RunCommand) -> None:
    starting = command("sandbox", "--port", "0", "--speed", "60", "--json")

    with subprocess.Popen(starting, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        told = read_document(process)
        called = here("call", "get_current_user", env=told["environment"])
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)

    assert called.returncode == 0
    assert json.loads(called.stdout)["email"]
    assert (process.returncode, told["tokens"]["personal"]) == (0, TOKENS.personal)
    assert "GET /api/v1/users/me" in err
    assert "The sandbox has stopped." in err
    assert "Traceback" not in err


def read_document(process: subprocess.Popen[str]) -> Any:
    """Read the JSON document that a process prints before it goes on."""
    assert process.stdout is not None
    document = ""
    while not document.endswith("\n}\n"):
        line = process.stdout.readline()
        assert line, f"it ended too soon: {document}"
        document += line
    return json.loads(document)


def test_a_port_that_is_taken_is_told(here: RunCommand, sandbox: Sandbox) -> None:
    refused = here("sandbox", "--port", str(sandbox.port))

    assert refused.returncode == 1
    assert f"Port {sandbox.port} of 127.0.0.1 cannot be used: " in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.slow
def test_the_demo_does_the_main_job() -> None:
    """It takes some seconds, so both ways of looking at it are tried at once."""
    with subprocess.Popen(command("demo"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as piped:
        code, screen = on_a_terminal("demo")
        out, err = piped.communicate(timeout=60)

    assert (piped.returncode, json.loads(out)["status"]) == (0, "COMPLETED")
    shown = [line.strip() for line in err.splitlines() if line.startswith("  ")]
    assert " call hex_run_and_wait projectId=" in shown[0]
    # What is shown works as it stands, wherever the command was started from.
    for line in (shown[0], shown[1]):
        ended = subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=60, check=False)
        assert (ended.returncode, json.loads(ended.stdout)["status"]) == (0, "COMPLETED")
    assert re.search(r"^Run \S+: RUNNING", err, flags=re.MULTILINE)
    assert code == 0
    assert re.search(r"RUNNING.*Run [0-9a-f-]{36}.*%", screen)
    assert re.search(r"status +COMPLETED", screen)


def test_a_wait_is_told_with_the_next_try(capsys: pytest.CaptureFixture[str]) -> None:
    with shown_progress() as show:
        assert show
        show(Progress("Nothing answers.", remaining=2.4, values={"error": "no_network"}))

    assert capsys.readouterr().err == "Nothing answers. Trying again in 3 s.\n"
