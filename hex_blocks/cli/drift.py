"""hex-blocks drift: compare Hex's OpenAPI document with the specs."""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hex_blocks.cli.base import language_option
from hex_blocks.cli.output import load_registry, plain, print_json, say
from hex_blocks.i18n.plurals import Plural
from hex_blocks.i18n.texts import phrase

if TYPE_CHECKING:
    from requests import Session

    from hex_blocks.dev.drift import Drift, Finding

LARGEST = 32 * 1024 * 1024
MAX_REDIRECTS = 5
CONNECT_SECONDS, READ_SECONDS = 5, 30


@click.command()
@click.argument("source", type=click.Path(), metavar="FILE|URL")
@partial(language_option, told=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def drift(source: str, as_json: bool) -> None:
    """Compare an OpenAPI document of Hex with the tools: what was added in Hex, what is gone, what has changed.

    Exit code: 0 if there is nothing to do, 1 if there is, 2 if the document cannot be used.

    \b
    Examples:
      hex-blocks drift openapi.json
      hex-blocks drift https://example.com/openapi.json --json
    """
    from hex_blocks.dev.drift import NotOpenApiError, compare

    document = _read(source)
    registry = load_registry()
    try:
        found = compare(document, registry)
    except NotOpenApiError:
        raise _refused(say("{source} is not an OpenAPI 3 document.", source=source)) from None
    if as_json:
        _print_json(source, found)
    else:
        _print_lines(found)
    if not found.clean:
        raise click.exceptions.Exit(1)


def _print_json(source: str, found: Drift) -> None:
    print_json(
        {
            "source": source,
            "clean": found.clean,
            "operations": found.operations,
            "findings": [asdict(finding) for finding in found.findings],
            "meant": len(found.excused),
            "unusedDeviations": list(found.unused),
        }
    )


def _print_lines(found: Drift) -> None:
    for finding in found.findings:
        click.echo(plain(_line(finding)))
    for part in found.unused:
        click.echo(plain(say("deviations.json: nothing calls for {part} any more", part=part)))
    operations, meant = found.operations, len(found.excused)
    if found.clean:
        click.echo(
            say(
                "Nothing to do: {compared}, {meant}.",
                compared=phrase(Plural("{count} operation compared", "{count} operations compared"), count=operations),
                meant=phrase(Plural("{count} difference is meant", "{count} differences are meant"), count=meant),
            )
        )
    else:
        click.echo(
            say(Plural("{count} thing to do", "{count} things to do"), count=len(found.findings) + len(found.unused))
        )


def _line(finding: Finding) -> str:
    place = " ".join(part for part in (finding.tool or finding.operation, finding.field) if part)
    match finding.kind:
        case "added":
            return say("{place}: new in Hex: {hex}", place=place, hex=finding.hex)
        case "gone":
            return say("{place}: gone from Hex: {here}", place=place, here=finding.here)
        case _:
            values = {"hex": _value(finding.hex), "here": _value(finding.here)}
            return say("{place}: {what} is {hex} in Hex, {here} here", place=place, what=finding.what, **values)


def _value(value: Any) -> str:
    return "–" if value is None else json.dumps(value, ensure_ascii=False) if isinstance(value, bool) else str(value)


def _read(source: str) -> Any:
    content = _fetch(source) if "://" in source else _read_file(source)
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        raise _refused(say("{source} is not JSON.", source=source)) from None


def _read_file(source: str) -> bytes:
    try:
        with Path(source).open("rb") as file:
            content = file.read(LARGEST + 1)
    except OSError as error:
        raise _refused(say("{file} cannot be read: {reason}", file=source, reason=error.strerror)) from None
    return _not_too_large(source, content)


def _not_too_large(source: str, content: bytes) -> bytes:
    if len(content) > LARGEST:
        raise _refused(say("{source} is larger than {size} MB.", source=source, size=LARGEST // 1024**2))
    return content


def _fetch(url: str) -> bytes:
    """Fetch a document over https, without any token, cookie or password."""
    from requests import RequestException, Session
    from requests.compat import urljoin
    from urllib3.exceptions import HTTPError

    with Session() as session:
        session.auth = _no_auth
        for _ in range(MAX_REDIRECTS + 1):
            if not url.lower().startswith("https://"):
                raise _refused(say("{url} is not fetched: only https is allowed.", url=url))
            try:
                status, following, content = _get(session, url)
            except (RequestException, HTTPError, OSError) as error:
                raise _unreachable(url, _reason(error)) from None
            if status == 200:
                return _not_too_large(url, content)
            if not following:
                raise _unreachable(url, str(status))
            url = urljoin(url, following)
    raise _unreachable(url, say("too many redirects"))


def _reason(error: Exception) -> str:
    """Return in words why a document could not be fetched."""
    from requests import ConnectionError as NoConnection
    from requests import Timeout
    from requests.exceptions import SSLError

    if isinstance(error, Timeout):
        return say("nothing answers there")
    if isinstance(error, SSLError):
        return say("no secure connection can be made")
    return say("no connection can be made") if isinstance(error, NoConnection) else type(error).__name__


def _get(session: Session, url: str) -> tuple[int, str | None, bytes]:
    timeout = (CONNECT_SECONDS, READ_SECONDS)
    with session.get(url, timeout=timeout, stream=True, allow_redirects=False) as reply:
        following = reply.headers.get("Location") if reply.is_redirect else None
        content = reply.raw.read(LARGEST + 1, decode_content=True) if reply.status_code == 200 else b""
        return reply.status_code, following, content


def _no_auth(request: Any) -> Any:
    # Prevents requests from reading a password from netrc.
    return request


def _unreachable(url: str, reason: str) -> click.BadParameter:
    return _refused(say("{source} cannot be fetched: {reason}", source=url, reason=reason))


def _refused(message: str) -> click.BadParameter:
    return click.BadParameter(message, param_hint="FILE|URL")
