"""Profiles: tokens that `hex-blocks login` has kept, each with the base URL it belongs to.

What they are called and where they lead stands in the platform's configuration folder; the tokens are in the system's
keyring, or, on a machine without one, in a file that only its owner can read. A token and its base URL always come
from the same source: the call, a profile that was named, the environment, or the default profile.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any, Literal

from pydantic import SecretStr

from hex_blocks.api.configuration import config_folder, config_unusable, configuration
from hex_blocks.api.private_files import read_private, write_private
from hex_blocks.errors.classes import hex_error
from hex_blocks.i18n.texts import phrase

PROFILES, TOKENS = "profiles.json", "tokens.json"
SERVICE = "hex-blocks"
DEFAULT_PROFILE = "default"
LONGEST_NAME = 100

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


def profiles() -> dict[str, Profile]:
    """Return the profiles there are, by name.

    Raises:
        InputError: Their file cannot be read (`config_unusable`).
    """
    path = config_folder() / PROFILES
    try:
        held = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        raise config_unusable(path, error) from None
    listed = held.get("profiles") if isinstance(held, dict) else None
    if not isinstance(listed, list) or not all(map(_is_profile, listed)):
        raise config_unusable(path, phrase("it is not a list of profiles with name, base_url and place"))
    return {each["name"]: Profile(each["name"], each["base_url"], each["place"]) for each in listed}


def _is_profile(held: Any) -> bool:
    return (
        isinstance(held, dict)
        and all(isinstance(held.get(name), str) for name in ("name", "base_url", "place"))
        and held["place"] in (KEYRING, FILE)
    )


def chosen_profile(name: str | None = None) -> Profile | None:
    """Return the profile of a name, or the default one; None where there is no default.

    Raises:
        TokenError: There is no profile of that name (`no_such_profile`).
        InputError: The configuration cannot be read (`config_unusable`).
    """
    there = profiles()
    wanted = configuration().get("profile") if name is None else name
    if wanted is None:
        return there.get(DEFAULT_PROFILE) or next(iter(there.values()), None)
    if wanted not in there:
        raise hex_error("no_such_profile", name=wanted or '""', known=", ".join(sorted(there)) or "-")
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


def check_name(name: str) -> None:
    """Refuse a name that could not be given again. Raises an InputError (`bad_profile_name`)."""
    if not name.strip() or not name.isprintable() or name != name.strip() or len(name) > LONGEST_NAME:
        raise hex_error("bad_profile_name", name=repr(name[:LONGEST_NAME]))


def save_profile(name: str, base_url: str, token: SecretStr) -> Profile:
    """Keep a token, in the system's keyring where there is one.

    Raises:
        InputError: The name cannot be one (`bad_profile_name`), or what is kept cannot be read (`config_unusable`).
        OSError: It cannot be written.
    """
    check_name(name)
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
    path = config_folder() / TOKENS
    try:
        held = read_private(path)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        # Who took it for empty would write it anew, without the other tokens.
        raise config_unusable(path, error) from None
    if not isinstance(held, dict) or not all(isinstance(token, str) for token in held.values()):
        raise config_unusable(path, phrase("it is not an object of tokens by profile"))
    return held


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
    except Exception:  # noqa: BLE001 - a keyring is a plug-in, and says in errors of its own that it is broken
        return False


def _in_keyring(name: str) -> str | None:
    keyring = _keyring()
    if keyring is None:
        return None
    try:
        token = keyring.get_password(SERVICE, name)
    except Exception as error:  # noqa: BLE001 - see above
        raise hex_error("keyring_unusable", name=name, reason=str(error) or type(error).__name__) from None
    return token if isinstance(token, str) else None


def _take_from_keyring(name: str) -> None:
    keyring = _keyring()
    if keyring is not None:
        # A token that the keyring does not give up is of no more use here: nothing names it.
        with suppress(Exception):
            keyring.delete_password(SERVICE, name)


def _keyring() -> Any:
    """Return the library of the extra `cli`; None where it is not installed."""
    try:
        import keyring
    except ImportError:
        return None
    return keyring
