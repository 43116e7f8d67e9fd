"""Profiles: tokens that `hex-blocks login` has kept, each with the base URL it belongs to.

What they are called and where they lead stands in the platform's configuration folder; the tokens are in the system's
keyring, or, on a machine without one, in a file that only its owner can read. A token and its base URL always come
from the same source: the call, a profile that was named, the environment, or the default profile.
"""

from __future__ import annotations

import json
import os
import tomllib
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import SecretStr

from hex_blocks.api.private_files import read_private, write_private
from hex_blocks.errors.classes import hex_error

CONFIG_DIR = "HEX_BLOCKS_CONFIG_DIR"
CONFIG, PROFILES, TOKENS = "config.toml", "profiles.json", "tokens.json"
SERVICE = "hex-blocks"
DEFAULT_PROFILE = "default"

Place = Literal["keyring", "file"]
KEYRING: Place = "keyring"
FILE: Place = "file"


@dataclass(frozen=True)
class Profile:
    """A token that is kept, without the token.

    Attributes:
        name: What it is called.
        base_url: The host that its token belongs to.
        place: Where the token is kept.
    """

    name: str
    base_url: str
    place: Place


def config_folder() -> Path:
    """Return the folder of the configuration and of the profiles."""
    if folder := os.environ.get(CONFIG_DIR):
        return Path(folder)
    from platformdirs import user_config_path

    return user_config_path("hex-blocks", appauthor=False)


def configuration() -> dict[str, Any]:
    """Return what a person has written into config.toml: profile, language, output.

    Raises:
        InputError: The file cannot be read (`config_unusable`).
    """
    path = config_folder() / CONFIG
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise hex_error("config_unusable", path=str(path), reason=str(error)) from None


def profiles() -> dict[str, Profile]:
    """Return the profiles there are, by name.

    Raises:
        InputError: Their file cannot be read (`config_unusable`).
    """
    path = config_folder() / PROFILES
    try:
        held = json.loads(path.read_bytes())
        return {str(each["name"]): Profile(**each) for each in held["profiles"]}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise hex_error("config_unusable", path=str(path), reason=str(error) or type(error).__name__) from None


def chosen_profile(name: str | None = None) -> Profile | None:
    """Return the profile of a name, or the default one; None where there is no default.

    Raises:
        TokenError: There is no profile of that name (`no_such_profile`).
        InputError: The configuration cannot be read (`config_unusable`).
    """
    there = profiles()
    wanted = name or configuration().get("profile")
    if wanted is None:
        return there.get(DEFAULT_PROFILE) or next(iter(there.values()), None)
    if wanted not in there:
        raise hex_error("no_such_profile", name=wanted, known=", ".join(sorted(there)) or "-")
    return there[wanted]


def token_of(profile: Profile) -> SecretStr:
    """Return the token of a profile.

    Raises:
        TokenError: It is not where it was kept (`profile_without_token`).
    """
    token = _in_keyring(profile.name) if profile.place == KEYRING else _tokens().get(profile.name)
    if not token:
        raise hex_error("profile_without_token", name=profile.name)
    return SecretStr(token)


def save_profile(name: str, base_url: str, token: SecretStr) -> Profile:
    """Keep a token, in the system's keyring where there is one.

    Raises:
        OSError: It cannot be written.
    """
    place: Place = KEYRING if _put_in_keyring(name, token) else FILE
    made = Profile(name, base_url, place)
    tokens = _tokens() | ({name: token.get_secret_value()} if place == FILE else {})
    if place == KEYRING:
        tokens.pop(name, None)
    _write_tokens(tokens)
    _write_profiles(profiles() | {name: made})
    return made


def remove_profile(profile: Profile) -> None:
    """Forget a profile and its token.

    Raises:
        OSError: It cannot be written.
    """
    if profile.place == KEYRING:
        _take_from_keyring(profile.name)
    _write_tokens({name: token for name, token in _tokens().items() if name != profile.name})
    _write_profiles({name: each for name, each in profiles().items() if name != profile.name})


def _tokens() -> dict[str, str]:
    with suppress(OSError, ValueError):
        held = read_private(config_folder() / TOKENS)
        return {str(name): str(token) for name, token in held.items()} if isinstance(held, dict) else {}
    return {}


def _write_tokens(tokens: dict[str, str]) -> None:
    path = config_folder() / TOKENS
    if tokens:
        write_private(path, tokens)
    else:
        path.unlink(missing_ok=True)


def _write_profiles(held: dict[str, Profile]) -> None:
    write_private(config_folder() / PROFILES, {"profiles": [asdict(each) for each in held.values()]})


def _put_in_keyring(name: str, token: SecretStr) -> bool:
    """Put a token into the keyring; False where there is none that takes it."""
    keyring = _keyring()
    if keyring is None:
        return False
    try:
        keyring.set_password(SERVICE, name, token.get_secret_value())
        # A keyring that keeps nothing says nothing.
        return bool(keyring.get_password(SERVICE, name) == token.get_secret_value())
    except keyring.errors.KeyringError:
        return False


def _in_keyring(name: str) -> str | None:
    keyring = _keyring()
    if keyring is None:
        return None
    try:
        token: str | None = keyring.get_password(SERVICE, name)
    except keyring.errors.KeyringError:
        return None
    return token


def _take_from_keyring(name: str) -> None:
    keyring = _keyring()
    if keyring is not None:
        with suppress(keyring.errors.KeyringError):
            keyring.delete_password(SERVICE, name)


def _keyring() -> Any:
    """Return the library of the extra `cli`; None where it is not installed."""
    try:
        import keyring
        import keyring.errors
    except ImportError:
        return None
    return keyring
