"""Templates made into answers, and the headers that each of them has."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping
from importlib import resources
from typing import Any, Final

import jinja2
from fastapi import Response
from fastapi.responses import HTMLResponse

from engine.display.pages import display_style
from engine.display.sheets import one_line
from engine.results.text import visible_text
from engine.service.pages.signing import Visitor
from engine.version import VERSION

# What a page may load and do: what is listed, from this very service, and nothing else.
_POLICY: Final = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
    "base-uri": "'none'",
    "require-trusted-types-for": "'script'",
    "trusted-types": "'none'",
}
HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": "; ".join(f"{name} {sources}" for name, sources in _POLICY.items()),
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_TYPES: Final = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
_WEEK: Final = "public, max-age=604800, immutable"


def page(template: str, visitor: Visitor, status: int = 200, **values: Any) -> HTMLResponse:
    """A page of a template for a visitor, with the headers that every page has."""
    return HTMLResponse(
        _environment().get_template(template).render(visitor=visitor, **values), status, HEADERS
    )


def asset(name: str) -> Response | None:
    """A file that pages load; None: there is no such file. Its address changes with what is in it."""
    found = _assets().get(name)
    if found is None:
        return None
    headers = {**HEADERS, "Cache-Control": _WEEK}
    return Response(found, media_type=_TYPES[name.rpartition(".")[2]], headers=headers)


def asset_path(name: str) -> str:
    """The address of a file that pages load."""
    return f"/assets/{name}?{hashlib.sha256(_assets()[name]).hexdigest()[:12]}"


@functools.cache
def _assets() -> Mapping[str, bytes]:
    folder = resources.files("engine.service.pages").joinpath("assets")
    files = {one.name: one.read_bytes() for one in folder.iterdir() if one.name.rpartition(".")[2] in _TYPES}
    # The pages look like reports, whose style they extend.
    return {**files, "pages.css": display_style().encode() + files["pages.css"]}


@functools.cache
def _environment() -> jinja2.Environment:
    places = [
        jinja2.PackageLoader("engine.service.pages", "templates"),
        jinja2.PackageLoader("engine.display", "templates"),
    ]
    made = jinja2.Environment(
        loader=jinja2.ChoiceLoader(places),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {"asset": asset_path, "engine_version": VERSION}
    made.filters |= {"line": one_line, "shown": visible_text, "count": lambda number: f"{number:,}"}
    return made
