"""Archives that are the same bytes for the same files, and this package's own wheel."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import tarfile
from importlib.metadata import distribution
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from hex_blocks import __version__
from hex_blocks.hosts.exports import ExportRequest, Files
from hex_blocks.i18n.texts import PACKAGE, beside_package

DISTRIBUTION = "hex-blocks"
# The first day that a ZIP can name.
_DAY = (1980, 1, 1, 0, 0, 0)
_SECONDS_TO_1980 = 315_532_800
_FILE, _PROGRAM = 0o644, 0o755
_LEFT_OUT = {"__pycache__", "locales", "tool_specs"}


def zip_of(files: Files, *, prefix: str = "") -> bytes:
    """Return a ZIP of files, sorted by their names as text."""
    made = io.BytesIO()
    with ZipFile(made, "w", ZIP_DEFLATED) as archive:
        for name in sorted(files):
            entry = ZipInfo(prefix + name, _DAY)
            entry.compress_type = ZIP_DEFLATED
            entry.create_system = 3  # Unix, whatever this machine is: the permissions below are of that kind
            entry.external_attr = (0o100000 | _mode(name)) << 16
            archive.writestr(entry, files[name], compresslevel=9)
    return made.getvalue()


def npm_tarball(files: Files) -> bytes:
    """Return the archive that npm installs a package from."""
    made = io.BytesIO()
    with gzip.GzipFile(fileobj=made, mode="wb", mtime=0) as packed, tarfile.open(fileobj=packed, mode="w") as archive:
        for name in sorted(files):
            entry = tarfile.TarInfo(f"package/{name}")
            entry.size = len(files[name])
            entry.mode = _mode(name)
            entry.mtime = _SECONDS_TO_1980
            archive.addfile(entry, io.BytesIO(files[name]))
    return made.getvalue()


def npm_archive(_request: ExportRequest, files: Files) -> Files:
    """Return the archive of a host that is installed with npm, as a target's `pack` gives it."""
    return {".tgz": npm_tarball(files)}


def _mode(name: str) -> int:
    return _PROGRAM if name.endswith(".sh") else _FILE


def wheel_of(files: Files, name: str, version: str, metadata: str, *, entry_points: str = "") -> tuple[str, bytes]:
    """Return a pure Python wheel of files: its file name and its content.

    Args:
        files: What is installed, by its path below site-packages.
        name: The distribution's name.
        version: Its version.
        metadata: The text of METADATA.
        entry_points: The text of entry_points.txt, where there are any.
    """
    stem = f"{name.replace('-', '_')}-{version}"
    info = f"{stem}.dist-info"
    tags = "Wheel-Version: 1.0\nGenerator: hex-blocks\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    held = {**files, f"{info}/METADATA": metadata.encode(), f"{info}/WHEEL": tags.encode()}
    if entry_points:
        held[f"{info}/entry_points.txt"] = entry_points.encode()
    record = "".join(f"{path},sha256={_digest(held[path])},{len(held[path])}\n" for path in sorted(held))
    held[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
    return f"{stem}-py3-none-any.whl", zip_of(held)


def _digest(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


def own_wheel() -> tuple[str, bytes]:
    """Return this package's own wheel, made of what is installed here: its file name and its content.

    A package that needs this one carries it as long as no index has it.
    """
    held = distribution(DISTRIBUTION)
    files = _below(PACKAGE, "hex_blocks")
    for name in ("tool_specs", "locales"):
        files |= _below(beside_package(name), f"hex_blocks/{name}")
    files = {path: content for path, content in files.items() if not path.endswith((".po", ".pot"))}
    return wheel_of(
        files,
        DISTRIBUTION,
        __version__,
        held.read_text("METADATA") or "",
        entry_points=held.read_text("entry_points.txt") or "",
    )


def _below(folder: Path, place: str) -> dict[str, bytes]:
    """Return the files of a folder, by their paths below a place in site-packages."""
    found = (path for path in folder.rglob("*") if path.is_file())
    relative = ((path, path.relative_to(folder)) for path in found)
    top = _LEFT_OUT if place == "hex_blocks" else {"__pycache__"}
    return {
        f"{place}/{below.as_posix()}": path.read_bytes()
        for path, below in relative
        if "__pycache__" not in below.parts and below.parts[0] not in top
    }
