"""The error pages: whatever goes wrong ends in one sentence for a person, and in a line of the log where it is ours."""

import logging
import secrets
from http import HTTPStatus

from flask import Flask, Response, current_app, g, request
from flask.typing import ResponseReturnValue
from flask_limiter import RateLimitExceeded
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DBAPIError
from werkzeug.exceptions import HTTPException

from app.errors import ProductError, TooMany
from app.extensions import db
from app.web import answers, static

log = logging.getLogger(__name__)

SENTENCES = {
    400: "That request makes no sense here.",
    401: "Please sign in first.",
    403: "You may not do that.",
    404: "There is nothing at this address, or it is not yours to see.",
    405: "That address is no place for this: it reads or it writes, not the other.",
    413: "That is too big.",
    429: "That was too often. Wait a little, then try again.",
}
DATABASE_AWAY = "The database was away for a moment. What you sent may not have been saved: look, then try again."


def register(app: Flask) -> None:
    """Answer every kind of error."""
    app.register_error_handler(ProductError, product_error)
    app.register_error_handler(CSRFError, csrf_error)
    app.register_error_handler(RateLimitExceeded, rate_limited)
    app.register_error_handler(HTTPException, http_error)
    app.register_error_handler(DBAPIError, database_error)
    app.register_error_handler(Exception, unexpected)


def product_error(error: ProductError) -> Response:
    """A rule of the product said no, in its own words."""
    db.session.rollback()
    response = answers.refusal(error.status, error.message)
    if isinstance(error, TooMany):
        response.headers["Retry-After"] = str(error.retry_after_seconds)
    return response


def csrf_error(error: CSRFError) -> Response:
    """403, not Flask-WTF's 400: who asked was not shown to be the member."""
    return answers.refusal(403, "This page was out of date, so nothing was changed. Reload it and try again.")


def rate_limited(error: RateLimitExceeded) -> Response:
    """429 with the limit's own sentence; its headers are Flask-Limiter's."""
    return answers.refusal(429, str(error.description))


def http_error(error: HTTPException) -> ResponseReturnValue:
    """What Flask and Werkzeug refuse. A redirect is passed on; for a missing picture nobody reads a page."""
    if error.code is None or error.code < HTTPStatus.BAD_REQUEST or static.is_for_file(request):
        return error.get_response()
    db.session.rollback()
    sentence = SENTENCES.get(error.code) or error.description or "That did not work."
    response = answers.refusal(error.code, sentence)
    for name, value in error.get_headers():
        if name.lower() not in {"content-type", "content-length"}:
            response.headers[name] = value
    return response


def database_error(error: DBAPIError) -> ResponseReturnValue:
    """A connection that was cut, by a restart say, is no fault of the page: one that only reads is made once more."""
    never_connected = error.statement is None
    if not (error.connection_invalidated or never_connected):
        return unexpected(error)
    db.session.remove()
    g.pop("_login_user", None)  # it belongs to the session that is gone
    if request.method in {"GET", "HEAD"} and not never_connected and not g.get("is_second_try"):
        g.is_second_try = True
        try:
            return current_app.preprocess_request() or current_app.dispatch_request()
        except DBAPIError as second:
            return database_error(second)
        except Exception as second:
            return current_app.handle_user_exception(second)
    log.warning("The database was away at %s %s", request.method, request.path)
    if answers.prefers_json():
        answer = answers.problem(503, DATABASE_AWAY)
    else:
        page = current_app.jinja_env.get_template("errors/away.html")
        answer = Response(page.render(sentence=DATABASE_AWAY), 503)
    answer.headers["Retry-After"] = "5"
    return answer


def unexpected(error: Exception) -> Response:
    """A fault of ours: logged with a reference that the page shows. Tests and debuggers get the error itself."""
    propagate = current_app.config["PROPAGATE_EXCEPTIONS"]
    if propagate or (propagate is None and (current_app.testing or current_app.debug)):
        raise error
    reference = secrets.token_hex(4)
    log.exception("Error %s at %s %s", reference, request.method, request.path)
    db.session.rollback()
    detail = f"Something broke on our side. If it keeps happening, tell us this reference: {reference}."
    if answers.prefers_json():
        return answers.problem(500, detail)
    # rendered without the context that pages share: to find out who is signed in may be the very thing that broke
    page = current_app.jinja_env.get_template("errors/broken.html")
    return Response(page.render(reference=reference), 500)
