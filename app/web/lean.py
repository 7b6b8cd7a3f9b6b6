"""The poll's short way through Flask: no hooks, no session opened or saved, the sign-in read from its signed cookie.

A poll comes every second from every open page. The hooks that pages need (CSRF, rate limits, visits, the remember
cookie) have nothing to do for it and cost four times as much as its answer.
"""

import time
from typing import Any

from flask import Flask, Request, Response, current_app, request
from flask.sessions import SecureCookieSessionInterface, SessionMixin
from flask_login.utils import decode_cookie
from itsdangerous import BadSignature

from app.web.lazy_rules import LazyRule

PATHS = frozenset({"/notifications"})
CHECKED_FOR_SECONDS = 60.0
KNOWN_COOKIES = 10_000


class LeanFlask(Flask):
    """Flask, except that the views at PATHS run without request hooks, and that rules are compiled when needed."""

    url_rule_class = LazyRule

    def full_dispatch_request(self) -> Response:
        """Answer the request, with every hook or, at PATHS, without."""
        rule = request.url_rule
        if rule is None or rule.rule not in PATHS:
            return super().full_dispatch_request()
        try:
            answer: Response = self.view_functions[rule.endpoint](**(request.view_args or {}))  # type: ignore[assignment]
            return answer
        except Exception as error:
            return self.make_response(self.handle_user_exception(error))


class LeanSessions(SecureCookieSessionInterface):
    """Flask's signed cookie; at PATHS no session is made of it."""

    def open_session(self, app: Flask, request: Request) -> Any:
        """The session of the request, an empty one that cannot be changed at PATHS."""
        if request.path in PATHS:
            return self.make_null_session(app)
        return super().open_session(app, request)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Write the cookie where the session was changed."""
        if not self.is_null_session(session):
            super().save_session(app, session, response)


_known: dict[str, tuple[str | None, float]] = {}


def signed_in_as() -> str | None:
    """Who the session cookie, or else the remember cookie, says is signed in (User.get_id); None for a stranger.

    A cookie's signature is checked anew once a minute.
    """
    settings = current_app.config
    for name, read in ((settings["SESSION_COOKIE_NAME"], _of_session), ("remember_token", decode_cookie)):
        cookie = request.cookies.get(name)
        if cookie is None:
            continue
        now = time.monotonic()
        member, checked_at = _known.get(cookie, (None, -CHECKED_FOR_SECONDS))
        if now - checked_at >= CHECKED_FOR_SECONDS:
            member = read(cookie)
            if len(_known) >= KNOWN_COOKIES:
                _known.clear()
            _known[cookie] = member, now
        if member is not None:
            return member
    return None


def _of_session(cookie: str) -> str | None:
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # the proxy's own way out
    serializer = LeanSessions().get_signing_serializer(app)
    if serializer is None:
        return None
    try:
        lifetime = int(app.permanent_session_lifetime.total_seconds())
        member: str | None = serializer.loads(cookie, max_age=lifetime).get("_user_id")
    except BadSignature:
        return None
    return member
