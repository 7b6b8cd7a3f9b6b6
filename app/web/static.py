"""The files of `static/`: for ever under the folder's fingerprint, briefly without it."""

from datetime import timedelta
from pathlib import Path

import flask_bootstrap
from flask import Blueprint, Flask, Response, abort, current_app, request, url_for
from flask.sessions import SecureCookieSession, SessionMixin
from flask.wrappers import Request

from app.assets import Assets, File
from app.web.lean import LeanSessions

bp = Blueprint("static", __name__)

FOR_EVER_SECONDS = int(timedelta(days=365).total_seconds())
BRIEFLY_SECONDS = 60
_SESSIONLESS = ("/static/", "/avatars/")
_BOOTSTRAP = Path(flask_bootstrap.__file__).parent / "static" / "bootstrap5" / "css" / "bootstrap.min.css"


def register(app: Flask) -> None:
    """Read the folder, and give templates `static_url("css/app.css")`."""
    folder = Path(app.root_path) / "static"
    vendored = {"vendor/bootstrap.min.css": _BOOTSTRAP}
    app.extensions["assets"] = Assets(folder, vendored, is_watching=app.debug)
    app.jinja_env.globals["static_url"] = static_url


def static_url(path: str) -> str:
    """The file's address, good for ever: it changes when any file of the folder does."""
    return url_for("static.file", path=f"{_assets().fingerprint}/{path}")


@bp.get("/static/<path:path>")
def file(path: str) -> Response:
    """A file by its name, with the fingerprint before it or not; an old fingerprint finds the newest file, briefly."""
    first, _, rest = path.partition("/")
    assets = _assets()
    is_current = first == assets.fingerprint
    found = assets.find(rest if is_current else path) or assets.find(rest)
    if found is None:
        abort(404)
    response = _answer(found)
    response.cache_control.public = True
    response.cache_control.max_age = FOR_EVER_SECONDS if is_current else BRIEFLY_SECONDS
    response.cache_control.immutable = is_current
    response.make_conditional(request)
    return response


class SessionsForPages(LeanSessions):
    """Files have no session: they set no cookie and, without `Vary: Cookie`, stay cached when one changes."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """None, which Flask turns into an empty session it never saves."""
        return None if is_for_file(request) else super().open_session(app, request)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """What anybody may keep, a cache between us say, carries nobody's cookie and is the same for all."""
        if not response.cache_control.public:
            super().save_session(app, session, response)


def is_for_file(request: Request) -> bool:
    """True if what is asked for is a file of a page, and no page."""
    return request.path.startswith(_SESSIONLESS)


def _answer(found: File) -> Response:
    is_small = found.gzipped is not None and request.accept_encodings["gzip"] > 0
    response = Response(found.gzipped if is_small else found.body, mimetype=found.mimetype)
    response.set_etag(f"{found.digest}-gzip" if is_small else found.digest)
    if is_small:
        response.content_encoding = "gzip"
    if found.gzipped is not None:
        response.vary.add("Accept-Encoding")
    return response


def _assets() -> Assets:
    return current_app.extensions["assets"]  # type: ignore[no-any-return]  # a plain dict in Flask
