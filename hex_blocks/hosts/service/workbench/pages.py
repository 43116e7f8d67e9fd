"""Renders the pages of the workbench from templates, with security headers."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache, partial
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import Response

from hex_blocks.hosts.service.messages import NO_STORE, language_of
from hex_blocks.hosts.service.problems import ProblemError
from hex_blocks.hosts.service.state import service_of
from hex_blocks.i18n.plurals import Plural
from hex_blocks.i18n.texts import languages, nearest, sentence, text

LANGUAGE_COOKIE = "hex_blocks_language"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # With `no-referrer`, browsers would send `Origin: null` with forms, which the service refuses.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Vary": "Accept-Language, Cookie",
    **NO_STORE,
}
CONTENT_TYPES = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}
# The names of languages in these languages.
LANGUAGE_NAMES = {
    "en": "English",
    "de": "Deutsch",
    "es": "Español",
    "fr": "Français",
    "ja": "日本語",
    "ko": "한국어",
    "pt_BR": "Português (Brasil)",
    "zh_Hans": "简体中文",
    "zh_Hant": "繁體中文",
}
_STATIC = files("hex_blocks.hosts.service.workbench") / "static"


@cache
def _templates() -> Environment:
    made = Environment(
        loader=PackageLoader("hex_blocks.hosts.service.workbench"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["moment"] = format_time
    made.globals["plural"] = Plural
    return made


def format_time(seconds: float) -> str:
    """Return a time, given in seconds since the Unix epoch, as text in UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _say(language: str, english: str, /, **values: Any) -> str:
    return sentence(english, language, **values) if values else text(english, language)


def page_language(request: Request) -> str:
    """Return the language of a page: from its query, the cookie of an earlier choice, or the browser's header."""
    chosen = nearest(request.cookies.get(LANGUAGE_COOKIE, "")) if LANGUAGE_COOKIE in request.cookies else None
    if chosen and "language" not in request.query_params:
        return chosen
    return language_of(request, service_of(request).settings.language)


def is_page_request(request: Request) -> bool:
    """Return whether a request is from a browser that will show the response as a page."""
    return "text/html" in request.headers.get("accept", "") and not request.url.path.startswith("/v1/")


def page(request: Request, name: str, language: str, *, status: int = 200, **values: Any) -> Response:
    """Return the response with a page.

    Args:
        request: The request.
        name: The name of the template.
        language: The language of the page.
        status: The HTTP status.
        **values: The variables of the template.
    """
    service = service_of(request)
    session = getattr(request.state, "session", None)
    made = (
        _templates()
        .get_template(f"{name}.html.j2")
        .render(
            say=partial(_say, language),
            language=language,
            tag=language.replace("_", "-"),
            languages=[(each, each.replace("_", "-"), LANGUAGE_NAMES.get(each, each)) for each in languages()],
            root=service.settings.root_path,
            session=session,
            problem=values.pop("problem", None),
            path=request.url.path.removeprefix(service.settings.root_path),
            **values,
        )
    )
    return Response(made, status, HEADERS, "text/html; charset=utf-8")


async def static_file(request: Request) -> Response:
    """Respond with a static file of the pages."""
    name = request.path_params["file"]
    known = {each.name for each in _STATIC.iterdir()}
    if name not in known:
        raise ProblemError("no_such_page")
    kind = CONTENT_TYPES[name.rpartition(".")[2]]
    headers = {"Cache-Control": "max-age=300", "X-Content-Type-Options": "nosniff"}
    return Response((_STATIC / name).read_bytes(), headers=headers, media_type=kind)
