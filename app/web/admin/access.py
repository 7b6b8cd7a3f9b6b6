"""Who may see the pages of those who run the site: a moderator reads, an admin acts."""

from collections.abc import Callable
from functools import wraps

from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from app.errors import NotAllowed

View = Callable[..., ResponseReturnValue]


def for_moderators(view: View) -> View:
    """Signed out: to the sign-in page. Signed in, but no moderator: 403."""
    return _guarded(view, lambda: current_user.is_moderator, "These pages are for moderators.")


def for_admins(view: View) -> View:
    """As for moderators, but for admins."""
    return _guarded(view, lambda: current_user.is_admin, "Only an admin can do this.")


def _guarded(view: View, is_allowed: Callable[[], bool], sentence: str) -> View:
    @login_required
    @wraps(view)
    def guarded(*args: object, **kwargs: object) -> ResponseReturnValue:
        if not is_allowed():
            raise NotAllowed(sentence)
        return view(*args, **kwargs)

    return guarded
