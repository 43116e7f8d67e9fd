"""Profiles: tokens that `hex-blocks login` saved, each with the base URL it belongs to.

Names and base URLs are in the platform's configuration folder. Tokens are in the system's keyring or, on a machine
without one, in a file that only its owner can read. A token and its base URL always come from the same source: the
call, a named profile, the environment, or the default profile.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any, Literal

from hex_blocks.api.configuration import config_folder, config_unusable, configuration
from hex_blocks.api.private_files import read_private, write_private
from hex_blocks.api.secret import Secret
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
    """A saved profile, without its token.

    Attributes:
        name: The name of the profile.
        base_url: The base URL that its token belongs to.
        place: Where its token is saved.
    """

    name: str
    base_url: str
    place: Place


def profiles() -> dict[str, Profile]:
    """Return all saved profiles by name.

    Raises:
        InputError: Their file cannot be read (`config_unusable`).
    """
    path = config_folder() / PROFILES
    try:
        document = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        raise config_unusable(path, error) from None
    listed = document.get("profiles") if isinstance(document, dict) else None
    if not isinstance(listed, list) or not all(map(_is_profile, listed)):
        raise config_unusable(path, phrase("it is not a list of profiles with name, base_url and place"))
    return {each["name"]: Profile(each["name"], each["base_url"], each["place"]) for each in listed}


def _is_profile(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and all(isinstance(value.get(name), str) for name in ("name", "base_url", "place"))
        and value["place"] in (KEYRING, FILE)
    )


def chosen_profile(name: str | None = None) -> Profile | None:
    """Return the profile of a name, or the default profile, or None if there is no default.

    Raises:
        TokenError: There is no profile of that name (`no_such_profile`).
        InputError: The configuration cannot be read (`config_unusable`).
    """
    saved = profiles()
    wanted = configuration().get("profile") if name is None else name
    if wanted is None:
        return saved.get(DEFAULT_PROFILE) or next(iter(saved.values()), None)
    if wanted not in saved:
        raise hex_error("no_such_profile", name=wanted or '""', known=", ".join(sorted(saved)) or phrase("none"))
    return saved[wanted]


def token_of(profile: Profile) -> Secret:
    """Return the token of a profile.

    Raises:
        TokenError: The token is not where it was saved (`profile_without_token`), or the keyring does not work
            (`keyring_unusable`).
    """
    token = _keyring_token(profile.name) if profile.place == KEYRING else _tokens_in_file().get(profile.name)
    if not token:
        raise hex_error("profile_without_token", name=profile.name)
    return Secret(token)


def check_name(name: str) -> None:
    """Check the name of a new profile.

    Raises:
        InputError: It is blank, too long, or has characters that cannot be typed (`bad_profile_name`).
    """
    if not name.strip() or not name.isprintable() or name != name.strip() or len(name) > LONGEST_NAME:
        raise hex_error("bad_profile_name", name=repr(name[:LONGEST_NAME]))


def save_profile(name: str, base_url: str, token: Secret) -> Profile:
    """Save a profile and its token, in the system's keyring if there is one, and return the profile.

    Raises:
        InputError: The name is not allowed (`bad_profile_name`), or the saved profiles cannot be read
            (`config_unusable`).
        OSError: A file cannot be written.
    """
    check_name(name)
    place: Place = KEYRING if _save_in_keyring(name, token) else FILE
    profile = Profile(name, base_url, place)
    tokens = _tokens_in_file() | ({name: token.get_secret_value()} if place == FILE else {})
    if place == KEYRING:
        tokens.pop(name, None)
    _write_tokens(tokens)
    _write_profiles(profiles() | {name: profile})
    return profile


def remove_profile(profile: Profile) -> None:
    """Delete a profile and its token.

    Raises:
        OSError: A file cannot be written.
    """
    if profile.place == KEYRING:
        _delete_from_keyring(profile.name)
    _write_tokens({name: token for name, token in _tokens_in_file().items() if name != profile.name})
    _write_profiles({name: each for name, each in profiles().items() if name != profile.name})


def _tokens_in_file() -> dict[str, str]:
    path = config_folder() / TOKENS
    try:
        tokens = read_private(path)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        # Not treated as empty: the next save would then delete the other tokens.
        raise config_unusable(path, error) from None
    if not isinstance(tokens, dict) or not all(isinstance(token, str) for token in tokens.values()):
        raise config_unusable(path, phrase("it is not an object of tokens by profile"))
    return tokens


def _write_tokens(tokens: dict[str, str]) -> None:
    path = config_folder() / TOKENS
    if tokens:
        write_private(path, tokens)
    else:
        path.unlink(missing_ok=True)


def _write_profiles(by_name: dict[str, Profile]) -> None:
    write_private(config_folder() / PROFILES, {"profiles": [asdict(each) for each in by_name.values()]})


def _save_in_keyring(name: str, token: Secret) -> bool:
    """Save a token in the keyring and return whether that worked."""
    keyring = _keyring()
    if keyring is None:
        return False
    try:
        keyring.set_password(SERVICE, name, token.get_secret_value())
        # Some keyring backends discard passwords without an error.
        return bool(keyring.get_password(SERVICE, name) == token.get_secret_value())
    except Exception:  # noqa: BLE001 - keyring backends are plug-ins and can raise anything
        return False


def _keyring_token(name: str) -> str | None:
    keyring = _keyring()
    if keyring is None:
        return None
    try:
        token = keyring.get_password(SERVICE, name)
    except Exception as error:  # noqa: BLE001 - see above
        raise hex_error("keyring_unusable", name=name, reason=str(error).rstrip(" .") or type(error).__name__) from None
    return token if isinstance(token, str) else None


def _delete_from_keyring(name: str) -> None:
    keyring = _keyring()
    if keyring is not None:
        # If the keyring fails, the token stays in it, but no profile refers to it any more.
        with suppress(Exception):
            keyring.delete_password(SERVICE, name)


def _keyring() -> Any:
    """Return the package `keyring` of the extra `cli`, or None if it is not installed."""
    try:
        import keyring
    except ImportError:
        return None
    return keyring
