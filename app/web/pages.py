"""What all pages share: their headers, what every template may name, and the member's `last_seen_at`."""

import logging
from http import HTTPStatus

from flask import Flask, Response, abort, request
from flask_login import current_user
from sqlalchemy.exc import SQLAlchemyError

from app import clock
from app.extensions import db
from app.services import accounts
from app.web import addresses, avatars, linking, static, times

log = logging.getLogger(__name__)

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' data:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
# what a browser asks for by itself says nothing about whether its member is there
_NOT_A_VISIT = {"static", "health", "notifications.poll", "avatars.drawn", "avatars.kept"}


def register(app: Flask) -> None:
    """Bind all this to the application."""
    static.register(app)
    addresses.register(app)
    app.jinja_env.filters.update(
        ago=times.ago, exact=times.exact, often=times.often, stamp=clock.stamp, linked=linking.linked
    )
    app.jinja_env.globals["avatar_url"] = avatars.avatar_url
    app.before_request(refuse_nul)
    app.after_request(remember_visit)
    app.after_request(harden)


def refuse_nul() -> None:
    """No text a person can type holds a NUL, and PostgreSQL stores none. Raises BadRequest."""
    fields = [request.args]
    if request.mimetype == "application/x-www-form-urlencoded":  # an upload is its own view's to read
        fields.append(request.form)
    values = (value for field in fields for many in field.listvalues() for value in many)
    if "\0" in request.path or any("\0" in value for value in values):
        abort(HTTPStatus.BAD_REQUEST)


def harden(response: Response) -> Response:
    """The security headers; a view that set one of its own keeps it."""
    response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "same-origin")
    response.headers.setdefault("X-Frame-Options", "DENY")
    response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    if request.is_secure:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    if "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = "private, no-cache"
    return response


def remember_visit(response: Response) -> Response:
    """Write down that the member was here, at most once in five minutes."""
    try:
        if _is_visit(response) and accounts.is_visit_due(current_user, clock.now()):
            member_id = current_user.id
            db.session.rollback()  # what a view did not commit must not be committed here
            accounts.touch(member_id, clock.now())
            db.session.commit()
    except SQLAlchemyError:
        db.session.rollback()
        log.warning("Could not write down a visit.", exc_info=True)
    return response


def _is_visit(response: Response) -> bool:
    if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR or request.endpoint is None:
        return False
    if request.blueprint in _NOT_A_VISIT or request.endpoint in _NOT_A_VISIT:
        return False
    return bool(current_user.is_authenticated)
