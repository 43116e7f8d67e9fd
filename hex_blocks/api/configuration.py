"""Reads the user's settings for all calls from config.toml in the platform's configuration folder."""

from __future__ import annotations

import os
from pathlib import Path

from hex_blocks.errors.classes import HexError, hex_error
from hex_blocks.i18n.texts import phrase

CONFIG_DIR = "HEX_BLOCKS_CONFIG_DIR"
CONFIG = "config.toml"
SETTINGS = ("profile", "language", "output")


def config_folder() -> Path:
    """Return the folder of the configuration and of the profiles."""
    if folder := os.environ.get(CONFIG_DIR):
        return Path(folder)
    from platformdirs import user_config_path

    return user_config_path("hex-blocks", appauthor=False)


def configuration() -> dict[str, str]:
    """Return the settings in config.toml: profile, language and output, without those that are blank.

    Raises:
        InputError: The file cannot be read (`config_unusable`).
    """
    path = config_folder() / CONFIG
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise config_unusable(path, error) from None
    # Imported here because most machines have no such file, and commands start faster without the parser.
    import tomllib

    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise config_unusable(path, error) from None
    for name in SETTINGS:
        if not isinstance(document.get(name, ""), str):
            raise config_unusable(path, phrase("{name} is not text", name=name))
    return {name: document[name].strip() for name in SETTINGS if document.get(name, "").strip()}


def config_unusable(path: Path, reason: str | Exception) -> HexError:
    """Return the error for a configuration file that cannot be read."""
    if isinstance(reason, Exception):
        reason = getattr(reason, "strerror", None) or str(reason) or type(reason).__name__
    return hex_error("config_unusable", path=str(path), reason=reason)
