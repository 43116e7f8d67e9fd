"""login, logout and auth status, and the profiles that they keep."""

from __future__ import annotations

import json
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import PasswordDeleteError

from hex_blocks import Connection, HexError
from hex_blocks.api.profiles import chosen_profile, profiles, token_of
from hex_blocks.client import Hex
from hex_blocks.sandbox import TOKENS, Sandbox
from tests.conftest import RunCommand

OTHER = "hxtp_another_token_of_the_tests"


class Ring(KeyringBackend):
    """A keyring in memory."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()
        self.held: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.held.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.held[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if self.held.pop((service, username), None) is None:
            raise PasswordDeleteError


@pytest.fixture
def ring() -> Iterator[Ring]:
    before, ours = keyring.get_keyring(), Ring()
    keyring.set_keyring(ours)
    yield ours
    keyring.set_keyring(before)


@pytest.fixture
def living(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    monkeypatch.setenv("HEX_BLOCKS_ALLOWED_HOSTS", sandbox.origin)
    return sandbox


def default_name() -> str:
    chosen = chosen_profile()
    assert chosen
    return chosen.name


def log_in(here: RunCommand, sandbox: Sandbox, *options: str, token: str = TOKENS.personal):
    return here("login", "--base-url", sandbox.base_url, *options, stdin=token + "\n")


def test_a_token_goes_to_the_keyring_and_is_used_from_there(
    here: RunCommand, living: Sandbox, ring: Ring, tmp_path: Path
) -> None:
    done = log_in(here, living)
    called = here("call", "get_current_user")

    assert (done.returncode, done.stdout) == (0, "")
    assert "Logged in to 127.0.0.1" in done.stderr
    assert ring.held == {("hex-blocks", "default"): TOKENS.personal}
    assert json.loads(called.stdout)["email"]
    written = b"".join(path.read_bytes() for path in (tmp_path / "config").rglob("*"))
    assert TOKENS.personal.encode() not in written


def test_where_there_is_no_keyring_the_token_is_in_a_file_of_its_owner(
    here: RunCommand, living: Sandbox, tmp_path: Path
) -> None:
    done = log_in(here, living, "--json")
    file = tmp_path / "config" / "tokens.json"

    assert json.loads(done.stdout)["keptIn"] == "file"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert here("call", "get_current_user").returncode == 0


def test_without_the_library_of_keyrings_its_extra_is_named(
    here: RunCommand, living: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)

    done = log_in(here, living)

    assert done.returncode == 0
    assert "install hex-blocks[cli]" in done.stderr
    assert [each.place for each in profiles().values()] == ["file"]


def test_a_token_that_hex_refuses_is_not_kept(here: RunCommand, living: Sandbox, ring: Ring) -> None:
    refused = log_in(here, living, token=TOKENS.expired)
    malformed = log_in(here, living, "--no-check", token="two words")
    elsewhere = here("login", "--base-url", "https://example.com", "--no-check", stdin=TOKENS.personal)

    assert [each.returncode for each in (refused, malformed, elsewhere)] == [1, 1, 2]
    assert (ring.held, profiles()) == ({}, {})


def test_a_token_and_its_base_url_are_from_the_same_source(
    here: RunCommand, living: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_in(here, living, "--profile", "eu")

    def used(**options: Any) -> tuple[str, str, str]:
        made = Connection(**options)
        return made.source, made.base_url, made.api._token.decode()

    ours = ("eu", living.base_url, TOKENS.personal)
    # The environment's host alone is no reason to send the profile's token there.
    monkeypatch.setenv("HEX_API_BASE_URL", "https://eu.hex.tech")
    assert used() == ours
    monkeypatch.setenv("HEX_API_TOKEN", OTHER)
    assert used() == ("HEX_API_TOKEN", "https://eu.hex.tech/api/v1", OTHER)
    assert used(profile="eu") == ours
    assert used(api_key=OTHER, base_url="https://hc.hex.tech") == ("call", "https://hc.hex.tech/api/v1", OTHER)
    with pytest.raises(TypeError):
        Connection(OTHER, profile="eu")


def test_the_default_profile_is_the_configured_one(here: RunCommand, living: Sandbox, tmp_path: Path) -> None:
    log_in(here, living, "--profile", "one")
    log_in(here, living, "--profile", "two")
    assert default_name() == "one"

    (tmp_path / "config" / "config.toml").write_text('profile = "two"\n')

    assert default_name() == "two"
    assert Hex(profile="one").call("get_current_user") == Hex().call("get_current_user")


def test_logging_out_forgets(here: RunCommand, living: Sandbox, ring: Ring) -> None:
    log_in(here, living)
    log_in(here, living, "--profile", "eu")

    assert here("logout", "--profile", "eu").returncode == 0
    assert list(ring.held) == [("hex-blocks", "default")]
    assert here("logout").returncode == 0
    assert (ring.held, profiles()) == ({}, {})
    assert here("logout").returncode == 2


def test_the_status_says_which_token_is_used(here: RunCommand, living: Sandbox) -> None:
    nothing = here("auth", "status")
    log_in(here, living)
    status = json.loads(here("auth", "status", "--json").stdout)

    assert nothing.returncode == 1
    assert "hex-blocks login" in nothing.stderr
    assert (status["source"], status["baseUrl"]) == ("default", living.base_url)
    assert status["connection"]["user"]["email"]
    assert status["profiles"] == [{"name": "default", "baseUrl": living.base_url, "keptIn": "file"}]


def test_a_profile_that_is_not_there_names_those_that_are(here: RunCommand, living: Sandbox) -> None:
    log_in(here, living)

    done = here("call", "get_current_user", "--profile", "eu", "--json")

    assert (done.returncode, json.loads(done.stdout)["error"]) == (1, "no_such_profile")
    assert "Profiles: default" in done.stderr


def test_a_token_that_is_refused_is_named_by_its_source_and_its_host(here: RunCommand, living: Sandbox) -> None:
    given = {"HEX_API_TOKEN": TOKENS.expired, "HEX_API_BASE_URL": living.base_url}

    done = here("auth", "status", env=given | {"HEX_BLOCKS_ALLOWED_HOSTS": living.origin})

    assert done.returncode == 1
    host = living.origin.partition("://")[2]
    assert done.stderr.startswith(f"Host: {host}\nToken from: HEX_API_TOKEN\nHex did not accept the token")


def test_a_profile_is_named_where_there_are_none(here: RunCommand) -> None:
    done = here("call", "get_current_user", "--profile", "eu")

    assert done.returncode == 1
    assert "There is no profile eu. Profiles: none." in done.stderr


def test_a_token_that_is_gone_from_the_keyring_is_said(here: RunCommand, living: Sandbox, ring: Ring) -> None:
    log_in(here, living)
    ring.held.clear()
    chosen = chosen_profile()
    assert chosen

    with pytest.raises(HexError) as caught:
        token_of(chosen)

    assert caught.value.key == "profile_without_token"


@pytest.mark.parametrize("file", ["config.toml", "profiles.json"])
@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xfe",
        b"[",
        b"[" * 100_000,
        b'{"profiles": [{"x": 1}]}',
        b'{"profiles": [{"name": "a", "base_url": 5, "place": "file"}]}',
        b'{"profiles": [{"name": "a", "base_url": "https://app.hex.tech", "place": "moon"}]}',
        b"profile = [",
    ],
    ids=lambda content: content.decode(errors="replace")[:60],
)
def test_a_file_that_cannot_be_read_is_named(here: RunCommand, tmp_path: Path, file: str, content: bytes) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / file).write_bytes(content)

    done = here("call", "get_current_user", "--json")

    assert done.returncode == 2
    assert file in json.loads(done.stdout)["message"]
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("setting", ["profile = 5", "language = ['de']", "output = true"])
def test_a_setting_that_is_not_text_is_named(here: RunCommand, tmp_path: Path, setting: str) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "config.toml").write_text(setting)

    done = here("call", "get_current_user", "--json")

    assert done.returncode == 2
    assert f"{setting.split()[0]} is not text" in json.loads(done.stdout)["message"]


@pytest.mark.parametrize(
    ("setting", "language", "heading"),
    [("de", (), "Befehle:"), ("de", ("--language", "fr"), "Commandes"), ("", (), "Commands:"), ("xx", (), "Commands:")],
)
def test_the_configuration_names_the_language(
    here: RunCommand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, setting: str, language: tuple[str, ...], heading
) -> None:
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "config.toml").write_text(f'language = "{setting}"')

    done = here(*language, "--help")

    assert heading in done.stdout
    assert done.stderr == ("Note: language in config.toml is not one of " in done.stderr) * done.stderr
    assert bool(done.stderr) is (setting == "xx")


@pytest.mark.parametrize("content", [b"[", b"[]", b'{"default": 5}', b"[" * 100_000])
def test_other_tokens_are_not_lost_with_a_file_that_cannot_be_read(
    here: RunCommand, living: Sandbox, tmp_path: Path, content: bytes
) -> None:
    log_in(here, living)
    (tmp_path / "config" / "tokens.json").write_bytes(content)

    again = log_in(here, living, "--profile", "other", "--json")
    used = here("auth", "status", "--json")

    assert (again.returncode, used.returncode) == (2, 2)
    assert "tokens.json" in json.loads(again.stdout)["message"]
    assert "tokens.json" in json.loads(used.stdout)["message"]
    assert (tmp_path / "config" / "tokens.json").read_bytes() == content


class Broken(KeyringBackend):
    """A keyring whose service is gone."""

    priority = 1

    def get_password(self, service: str, username: str) -> str | None:
        raise RuntimeError("the bus is gone..")

    def set_password(self, service: str, username: str, password: str) -> None:
        raise OSError("the bus is gone")

    def delete_password(self, service: str, username: str) -> None:
        raise RuntimeError("the bus is gone..")


def test_a_broken_keyring_is_none_to_keep_tokens_in(here: RunCommand, living: Sandbox, ring: Ring) -> None:
    keyring.set_keyring(Broken())

    done = log_in(here, living)

    assert done.returncode == 0, done.stderr
    assert "There is no keyring here" in done.stderr
    assert [each.place for each in profiles().values()] == ["file"]


def test_a_keyring_that_has_broken_is_said_to_be_and_can_be_left(here: RunCommand, living: Sandbox, ring: Ring) -> None:
    log_in(here, living)
    keyring.set_keyring(Broken())

    used = here("auth", "status", "--json")
    left = here("logout")

    assert (used.returncode, json.loads(used.stdout)["error"]) == (1, "keyring_unusable")
    assert json.loads(used.stdout)["message"].endswith("the bus is gone")
    assert left.returncode == 0
    assert profiles() == {}


@pytest.mark.parametrize("name", ["", " ", "a\nb", " a", "\x1b[31m", "\udcff", "x" * 101])
def test_a_name_that_cannot_be_given_again_is_refused(here: RunCommand, living: Sandbox, name: str) -> None:
    done = log_in(here, living, "--profile", name, "--json")

    assert (done.returncode, json.loads(done.stdout)["error"]) == (2, "bad_profile_name")
    assert profiles() == {}


def test_a_login_without_a_token_is_wrong_use(here: RunCommand, living: Sandbox) -> None:
    done = log_in(here, living, token="")

    assert done.returncode == 2
    assert "There is no token on stdin" in done.stderr


def test_nothing_of_profiles_is_needed_where_the_environment_has_a_token(
    here: RunCommand, living: Sandbox, tmp_path: Path
) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "profiles.json").write_bytes(b"[")

    environment = {"HEX_API_TOKEN": TOKENS.personal, "HEX_API_BASE_URL": living.base_url}
    assert here("call", "get_current_user", env=environment).returncode == 0
