"""Which browser this is: whether a member has signed in with it before, and its name for a letter.

The browser itself keeps a signed list of the members that it knows, so nothing is stored here about anybody's devices.
"""

from flask import current_app, request
from werkzeug.wrappers import Response

from app.models import User
from app.security import signed

COOKIE = "known_here"
PURPOSE = "known browser"
LASTS_SECONDS = 365 * 86400
MEMBERS_KEPT = 10
# in this order: most browsers claim to be several
_BROWSERS = (("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)


def knows(member: User) -> bool:
    """True if the member has signed in with this browser before."""
    return member.id in _members()


def remember(member: User, response: Response) -> None:
    """The member has signed in with this browser."""
    members = [member.id, *(other for other in _members() if other != member.id)][:MEMBERS_KEPT]
    response.set_cookie(
        COOKIE,
        signed.sign(PURPOSE, members),
        max_age=LASTS_SECONDS,
        httponly=True,
        samesite="Lax",
        secure=current_app.config["SESSION_COOKIE_SECURE"],
    )


def name() -> str:
    """As a person would call it: "Firefox on Linux"."""
    agent = request.user_agent.string
    browser = next((name for mark, name in _BROWSERS if mark in agent), "A browser")
    system = next((name for mark, name in _SYSTEMS if mark in agent), None)
    return f"{browser} on {system}" if system else browser


def _members() -> list[int]:
    return signed.read(PURPOSE, request.cookies.get(COOKIE, ""), LASTS_SECONDS) or []
