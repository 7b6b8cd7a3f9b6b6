"""The poll: `GET /notifications?since=<seq>`. It writes nothing, sweeps nothing and sets no cookie."""

from flask import Blueprint, Response, current_app, request

from app.errors import TooMany
from app.services import notifications
from app.web import lean

bp = Blueprint("notifications", __name__)

_HEADERS = {"Cache-Control": "private, no-cache", "Vary": "Cookie", "X-Content-Type-Options": "nosniff"}


@bp.get("/notifications")
def poll() -> Response:
    """What changed for the signed-in member since `since`; 304 if nothing, 401 JSON for a stranger."""
    member = _signed_in_as()
    if member is None:
        return _json('{"error":"signed_out"}', 401)
    since = request.args.get("since", "0")
    if not (since.isascii() and since.isdigit()) or len(since) > 18:
        return _json('{"error":"since must be a whole number from 0"}', 400)
    try:
        notifications.check_pace(member[0])
    except TooMany as refused:
        return _json('{"error":"too_often"}', 429, **{"Retry-After": str(refused.retry_after_seconds)})
    settings = current_app.config
    answer = notifications.poll(*member, int(since), settings["POLL_ACTIVE_MS"], settings["POLL_IDLE_MS"])
    if not answer.is_signed_in:
        return _json('{"error":"signed_out"}', 401)
    if answer.etag in request.headers.get("If-None-Match", ""):
        return Response(status=304, headers={**_HEADERS, "ETag": answer.etag})
    return _json(answer.body, 200, ETag=answer.etag)


def _signed_in_as() -> tuple[int, int] | None:
    """(member id, session epoch) by the signed cookies."""
    user_id, _, epoch = (lean.signed_in_as() or "").partition(".")
    return (int(user_id), int(epoch)) if user_id.isdigit() and epoch.isdigit() else None


def _json(body: str, status: int, **headers: str) -> Response:
    return Response(body, status, {**_HEADERS, **headers}, content_type="application/json")
