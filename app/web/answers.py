"""How a refusal is told: to programs as RFC 9457 problem JSON, to people as a page."""

from http import HTTPStatus

from flask import Response, jsonify, render_template, request


def prefers_json() -> bool:
    """True if the asker would rather read JSON than a page."""
    accepts = request.accept_mimetypes
    wished = max(accepts["application/json"], accepts["application/problem+json"])
    return request.path.startswith("/api/") or wished > accepts["text/html"]


def problem(status: int, detail: str) -> Response:
    """A refusal for a program: `title` is the status in words, `detail` the sentence for a person."""
    known = HTTPStatus(status)
    answer = jsonify(type="about:blank", title=known.phrase, status=status, detail=detail)
    answer.status_code = status
    answer.mimetype = "application/problem+json"
    return answer


def refusal(status: int, detail: str) -> Response:
    """The same refusal as JSON or as a page, whichever the asker prefers."""
    if prefers_json():
        return problem(status, detail)
    title = HTTPStatus(status).phrase
    return Response(render_template("errors/refusal.html", title=title, detail=detail, status=status), status)
