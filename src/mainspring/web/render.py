"""Templates to responses: the Jinja environment, the security headers, static files with versioned addresses."""

import functools
from hashlib import blake2b
from pathlib import Path

import jinja2
import msgspec
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse

from mainspring.web import figures, rail
from mainspring.web.kinds import kind_of
from mainspring.web.page import Crumb, Shown, link

__all__ = ["DEFAULT_PROJECT", "HEADERS", "STATIC", "Context", "render"]

_HERE = Path(__file__).parent
DEFAULT_PROJECT = "default"
STATIC = _HERE / "static"

HEADERS = {
    "content-security-policy": (
        "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self'; object-src 'none'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cache-control": "no-cache",
    "vary": "Accept, Cookie, Authorization",
}


class Context(msgspec.Struct, frozen=True):
    """What every page knows besides its view."""

    title: str
    section: str
    crumbs: tuple[Crumb, ...]
    project: str
    home: str
    now_ms: int


def render(
    request: Request, shown: Shown, *, project: str, now_ms: int, open_alerts: int = 0, status: int = 200
) -> HTMLResponse:
    """The page as HTML, or with `?part=<name>` only that block of it, for live refresh."""
    home = link(project)
    context = {
        "page": Context(
            shown.title,
            shown.section,
            (Crumb(project, home if shown.crumbs else ""), *shown.crumbs),
            project,
            home,
            now_ms,
        ),
        "view": shown.view,
        "rail": rail.rail(project, open_alerts=open_alerts),
    }
    template = _environment().get_template(shown.template)
    block = template.blocks.get(request.query_params.get("part", ""))
    html = "".join(block(template.new_context(context))) if block else template.render(context)
    return HTMLResponse(html, status_code=status, headers={**HEADERS, "x-as-of": figures.clock(now_ms)})


@functools.cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        {
            "bytes": figures.size,
            "clock": figures.clock,
            "count": figures.count,
            "day": figures.day,
            "duration": figures.duration,
            "full": figures.full,
            "here": _here,
            "kind": kind_of,
            "percent": figures.percent,
            "short": figures.short,
            "sig": figures.sig,
            "signed": figures.signed,
            "static": _static,
            "tail": figures.tail,
            "when": _when,
        }
    )
    environment.globals["vega"] = _static("vendor/vega.js")
    environment.globals["ui"] = environment.get_template("macros.html").module
    return environment


@jinja2.pass_context
def _when(context: jinja2.runtime.Context, at_ms: int | None) -> Markup:
    return figures.when(at_ms, context["page"].now_ms)


@jinja2.pass_context
def _here(context: jinja2.runtime.Context, command: str) -> str:
    """The command as it must be typed for the page's project."""
    project = context["page"].project
    return (
        command
        if project == DEFAULT_PROJECT or not command.startswith("mainspring ")
        else f"{command} --project {project}"
    )


@functools.cache
def _static(name: str) -> str:
    """The address of a static file, with its content in it, so that browsers may keep it for ever."""
    path = STATIC / name
    version = blake2b(path.read_bytes(), digest_size=6).hexdigest() if path.exists() else "missing"
    return f"/static/{name}?v={version}"
