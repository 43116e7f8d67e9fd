"""Pictures and documents in a result: written to a folder under safe names, without overwriting files."""

from __future__ import annotations

import base64
import binascii
import unicodedata
from collections.abc import Mapping
from contextlib import suppress
from itertools import chain, count
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from hex_blocks.cli.output import say, warn

if TYPE_CHECKING:
    from hex_blocks.tools.spec.values import OutputField
    from hex_blocks.tools.tool import Tool

ENDINGS = {
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/gif": ".gif",
    "image/webp": ".webp",
    "image/svg+xml": ".svg",
}
DOUBLE_ENDINGS = (".hex.yaml",)
# The fields that a picture is named after, in order of preference.
NAMED_BY = ("label", "staticId", "cellId", "runId")
MAX_NAME = 120
# Names of devices on Windows, with any extension.
DEVICES = {"con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in "0123456789")}
KEPT_SIGNS = "-_."


class Files:
    """Writes the files of one result into a folder.

    Attributes:
        folder: The folder, or None to replace pictures with their sizes.
        failed: Whether a file could not be written.
        left_out: How many pictures were not written.
    """

    def __init__(self, tool: Tool, folder: Path | None) -> None:
        self.tool = tool
        self.folder = folder
        self.failed = False
        self.left_out = 0

    def save_images(self, result: Mapping[str, Any]) -> dict[str, Any]:
        """Write all pictures, and return the result with paths or sizes in their places."""
        return self._fields(self.tool.spec.outputs, result)

    def save_document(self, result: Mapping[str, Any]) -> dict[str, Any]:
        """Write a document that has a file name, and return the result with its path instead."""
        name, content = result.get("filename"), result.get("content")
        if not isinstance(name, str) or not isinstance(content, str):
            return dict(result)
        ending = next((end for end in DOUBLE_ENDINGS if name.endswith(end)), Path(name).suffix)
        file = self._write(safe_name(name.removesuffix(ending), self.tool.id), safe_ending(ending), content.encode())
        return (
            {key: value for key, value in result.items() if key != "content"} | {"file": file} if file else dict(result)
        )

    def _fields(self, fields: Mapping[str, OutputField], values: Mapping[str, Any]) -> dict[str, Any]:
        return {
            name: self._value(fields[name], value, values) if name in fields else value
            for name, value in values.items()
        }

    def _value(self, field: OutputField, value: Any, beside: Mapping[str, Any]) -> Any:
        if isinstance(value, dict) and field.format == "image":
            return self._image(value, beside)
        if isinstance(value, dict) and field.fields:
            return self._fields(field.fields, value)
        if isinstance(value, list) and field.items:
            return [self._value(field.items, part, beside) for part in value]
        return value

    def _image(self, image: dict[str, Any], beside: Mapping[str, Any]) -> dict[str, Any]:
        try:
            content = base64.b64decode(image.get("base64") or "", validate=True)
        except (binascii.Error, ValueError, TypeError):
            content = b""
        if not content:
            warn(say("A picture cannot be read, so no file is made of it."))
            self.failed = True
            return image
        if self.folder is None:
            self.left_out += 1
            return {"mimeType": image.get("mimeType"), "bytes": len(content)}
        named = next((beside[name] for name in NAMED_BY if isinstance(beside.get(name), str) and beside[name]), "")
        ending = ENDINGS.get(str(image.get("mimeType")), ".bin")
        file = self._write(safe_name(named, self.tool.id), ending, content)
        return {"mimeType": image.get("mimeType"), "file": file} if file else image

    def _write(self, stem: str, ending: str, content: bytes) -> str | None:
        """Write a new file and return its path, or None if that fails."""
        folder = self.folder or Path()
        path = folder / f"{stem}{ending}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with _new_file(folder, stem, ending) as file:
                path = Path(file.name)
                file.write(content)
        except OSError as error:
            warn(say("{file} cannot be written: {reason}", file=path, reason=error.strerror))
            self.failed = True
            return None
        warn(say("Wrote {file}", file=path))
        return str(path)


def _new_file(folder: Path, stem: str, ending: str) -> IO[bytes]:
    """Create and open a new file, with a number in its name if the name is taken."""
    for name in chain([stem], (f"{stem}-{number}" for number in count(2))):
        with suppress(FileExistsError):
            return (folder / f"{name}{ending}").open("xb")
    raise AssertionError("numbers do not end")


def safe_name(wanted: str, otherwise: str) -> str:
    """Return a file name made of any text: without folders, not hidden, and valid on every system."""
    plain = unicodedata.normalize("NFC", wanted)
    kept = "".join(sign if unicodedata.category(sign)[0] in "LNM" or sign in KEPT_SIGNS else " " for sign in plain)
    name = "-".join(kept.split()).strip(KEPT_SIGNS)
    name = name.encode()[:MAX_NAME].decode(errors="ignore").strip(KEPT_SIGNS)
    if not name:
        return otherwise
    return f"{otherwise}-{name}" if name.split(".")[0].casefold() in DEVICES else name


def safe_ending(ending: str) -> str:
    """Return a file extension made of any text."""
    name = safe_name(ending, "")
    return f".{name}" if name else ""
