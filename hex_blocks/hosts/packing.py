"""Reproducible archives (the same files give the same bytes), and this package's own wheel."""

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
from hex_blocks.i18n.texts import PACKAGE, data_folder

DISTRIBUTION = "hex-blocks"
# The earliest date that a ZIP file can hold.
_EARLIEST_DATE = (1980, 1, 1, 0, 0, 0)
_SECONDS_TO_1980 = 315_532_800
_FILE_MODE, _SCRIPT_MODE = 0o644, 0o755
# Folders that may be inside the package of an editable install; the wheel takes them from their own places.
_NOT_PACKED = {"__pycache__", "locales", "tool_specs"}


def zip_of(files: Files, *, prefix: str = "") -> bytes:
    """Return a ZIP archive of files, sorted by name."""
    made = io.BytesIO()
    with ZipFile(made, "w", ZIP_DEFLATED) as archive:
        for name in sorted(files):
            entry = ZipInfo(prefix + name, _EARLIEST_DATE)
            entry.compress_type = ZIP_DEFLATED
            entry.create_system = 3  # Unix on every machine, because the permissions below are Unix permissions
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
    """Return the archive of a host that is installed with npm: a `pack` function for its target."""
    return {".tgz": npm_tarball(files)}


def _mode(name: str) -> int:
    return _SCRIPT_MODE if name.endswith(".sh") else _FILE_MODE


def wheel_of(files: Files, name: str, version: str, metadata: str, *, entry_points: str = "") -> tuple[str, bytes]:
    """Return a pure Python wheel: its file name and its content.

    Args:
        files: The installed files, by path relative to site-packages.
        name: The name of the distribution.
        version: The version of the distribution.
        metadata: The text of METADATA.
        entry_points: The text of entry_points.txt; empty if there are no entry points.
    """
    stem = f"{name.replace('-', '_')}-{version}"
    info = f"{stem}.dist-info"
    tags = "Wheel-Version: 1.0\nGenerator: hex-blocks\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    packed = {**files, f"{info}/METADATA": metadata.encode(), f"{info}/WHEEL": tags.encode()}
    if entry_points:
        packed[f"{info}/entry_points.txt"] = entry_points.encode()
    record = "".join(f"{path},sha256={_digest(packed[path])},{len(packed[path])}\n" for path in sorted(packed))
    packed[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
    return f"{stem}-py3-none-any.whl", zip_of(packed)


def _digest(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


def own_wheel() -> tuple[str, bytes]:
    """Return this package's wheel, made from the installed files: its file name and its content.

    Exports that need hex-blocks at run time contain its wheel, because it is not on a package index.
    """
    installed = distribution(DISTRIBUTION)
    files = _files_in(PACKAGE, "hex_blocks")
    for name in ("tool_specs", "locales"):
        files |= _files_in(data_folder(name), f"hex_blocks/{name}")
    files = {path: content for path, content in files.items() if not path.endswith((".po", ".pot"))}
    return wheel_of(
        files,
        DISTRIBUTION,
        __version__,
        installed.read_text("METADATA") or "",
        entry_points=installed.read_text("entry_points.txt") or "",
    )


def _files_in(folder: Path, prefix: str) -> dict[str, bytes]:
    """Return the files of a folder, by their paths in site-packages, which begin with the prefix."""
    found = (path for path in folder.rglob("*") if path.is_file())
    relative = ((path, path.relative_to(folder)) for path in found)
    not_packed = _NOT_PACKED if prefix == "hex_blocks" else {"__pycache__"}
    return {
        f"{prefix}/{inside.as_posix()}": path.read_bytes()
        for path, inside in relative
        if "__pycache__" not in inside.parts and inside.parts[0] not in not_packed
    }
