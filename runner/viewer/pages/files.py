"""The style sheet, the script and the icon: the only files that a page asks for."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from runner.viewer.place import HERE, Place


def routes(place: Place) -> list[Route]:
    style = style_sheet(place)
    script = (HERE / "static" / "script.js").read_text(encoding="utf-8")
    icon = (HERE / "static" / "icon.svg").read_text(encoding="utf-8")

    def given(path: str, text: str, media_type: str) -> Route:
        def give(request: Request) -> Response:
            return Response(text, media_type=media_type)

        return Route(path, give)

    return [
        given("/style.css", style, "text/css"),
        given("/script.js", script, "text/javascript"),
        given("/icon.svg", icon, "image/svg+xml"),
    ]


def style_sheet(place: Place) -> str:
    """The style sheet with the colours that the report has, too."""
    return place.templates.get_template("style.css.jinja").render()
