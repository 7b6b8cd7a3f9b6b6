"""Who may do what: one line for every route of the site, asked for real by tests/integration/web/test_authorization.py.

A new route needs its line here, and each new argument in its address something of susan's in tests/belongings.py.
"""

from dataclasses import dataclass

IN = "let in"  # whatever the answer, it is not for who they are
LOGIN = "sent to sign in"  # a program: 401
HOME = "sent home, being signed in"
SIGNED_OUT = "401"
FORBIDDEN = "403"
NOT_FOUND = "404"  # not even told that it exists

PEOPLE = ("stranger", "member", "owner", "moderator", "admin", "suspended")


@dataclass(frozen=True)
class Audience:
    """What each of PEOPLE is answered. `owner` is whose thing it is; `suspended` is that owner, once suspended."""

    stranger: str
    member: str
    owner: str
    moderator: str
    admin: str
    suspended: str


#                        stranger    member     owner      moderator  admin      suspended
EVERYBODY = Audience(IN, IN, IN, IN, IN, IN)
GUESTS = Audience(IN, HOME, HOME, HOME, HOME, IN)
MEMBERS = Audience(LOGIN, IN, IN, IN, IN, LOGIN)
OWNER = Audience(LOGIN, NOT_FOUND, IN, NOT_FOUND, NOT_FOUND, LOGIN)
MODERATORS = Audience(LOGIN, FORBIDDEN, FORBIDDEN, IN, IN, LOGIN)
ADMINS = Audience(LOGIN, FORBIDDEN, FORBIDDEN, FORBIDDEN, IN, LOGIN)
POLL = Audience(SIGNED_OUT, IN, IN, IN, IN, SIGNED_OUT)

ROUTES = {
    # -- coming in ---------------------------------------------------------------------------------------------------
    "GET /auth/login": GUESTS,
    "POST /auth/login": EVERYBODY,
    "POST /auth/logout": Audience(LOGIN, LOGIN, LOGIN, LOGIN, LOGIN, LOGIN),  # where one lands, signed out
    "GET /auth/register": GUESTS,
    "POST /auth/register": EVERYBODY,
    "GET /auth/reset": EVERYBODY,
    "POST /auth/reset": EVERYBODY,
    # the link is the proof; a suspended member's is good no longer
    "GET /auth/reset/<token>": Audience(IN, IN, IN, IN, IN, "410"),
    "POST /auth/reset/<token>": Audience(IN, IN, IN, IN, IN, "410"),
    "POST /auth/confirm": MEMBERS,
    "GET /auth/confirm/<token>": EVERYBODY,
    "POST /auth/confirm/<token>": EVERYBODY,
    # -- posts -------------------------------------------------------------------------------------------------------
    "GET /": MEMBERS,
    "GET /index": MEMBERS,
    "GET /explore": MEMBERS,
    "GET /search": MEMBERS,
    "GET /posts/new": MEMBERS,
    "POST /posts": MEMBERS,
    "GET /posts/<id>": MEMBERS,
    "GET /posts/<id>/edit": OWNER,
    "POST /posts/<id>/edit": OWNER,
    "POST /posts/<id>/delete": OWNER,
    "POST /posts/<id>/restore": OWNER,
    "POST /posts/<id>/reply": MEMBERS,
    "GET /posts/<id>/thread": MEMBERS,
    "GET /tag/<tag>": MEMBERS,
    "GET /tag/<tag>/feed.<form>": EVERYBODY,
    "GET /user/<username>/feed.<form>": EVERYBODY,
    "GET /bookmarks": MEMBERS,
    "POST /posts/<id>/like": MEMBERS,
    "POST /posts/<id>/unlike": MEMBERS,
    "POST /posts/<id>/bookmark": MEMBERS,
    "POST /posts/<id>/unbookmark": MEMBERS,
    # -- people ------------------------------------------------------------------------------------------------------
    "GET /user/<username>": MEMBERS,
    "GET /user/<username>/followers": MEMBERS,
    "GET /user/<username>/following": MEMBERS,
    "GET /user/<username>/popover": MEMBERS,
    "POST /user/<username>/follow": MEMBERS,
    "POST /user/<username>/unfollow": MEMBERS,
    "GET /profile/edit": MEMBERS,
    "POST /profile/edit": MEMBERS,
    "GET /user/<username>/block": MEMBERS,
    "POST /user/<username>/block": MEMBERS,
    "POST /user/<username>/unblock": MEMBERS,
    "POST /user/<username>/mute": MEMBERS,
    "POST /user/<username>/unmute": MEMBERS,
    "GET /profile/blocked": MEMBERS,
    "GET /invite": MEMBERS,
    "POST /invite": MEMBERS,
    "GET /profile/address": MEMBERS,
    "POST /profile/address": MEMBERS,
    "GET /profile/address/<token>": OWNER,
    "POST /profile/address/<token>": OWNER,
    "GET /profile/close": MEMBERS,
    "POST /profile/close": MEMBERS,
    "POST /profile/keep": MEMBERS,
    "POST /profile/avatar": MEMBERS,
    "POST /profile/avatar/remove": MEMBERS,
    "GET /avatars/<mark>.svg": EVERYBODY,
    "GET /avatars/<picture>/<side>.webp": EVERYBODY,
    # -- what a member is told ---------------------------------------------------------------------------------------
    "GET /notifications": POLL,
    "GET /notifications/all": MEMBERS,
    "POST /notifications/all/read": MEMBERS,
    "POST /notifications/<activity_id>/read": OWNER,
    "GET /messages": MEMBERS,
    "GET /messages/<username>": MEMBERS,
    "POST /messages/<username>": MEMBERS,
    "GET /messages/former/<conversation_id>": OWNER,
    "GET /letters": MEMBERS,
    "POST /letters": MEMBERS,
    "POST /letters/activities": MEMBERS,
    # the link is the proof
    "GET /letters/unsubscribe/<token>": EVERYBODY,
    "POST /letters/unsubscribe/<token>": EVERYBODY,
    # -- long work ---------------------------------------------------------------------------------------------------
    "GET /tasks": MEMBERS,
    "POST /tasks/<name>": MEMBERS,
    "GET /start-task": MEMBERS,
    "POST /start-task": MEMBERS,
    "GET /runs/<run_id>": OWNER,
    "GET /runs/<run_id>/card": OWNER,
    "POST /runs/<run_id>/cancel": OWNER,
    "POST /runs/<run_id>/retry": OWNER,
    "POST /runs/<run_id>/seen": OWNER,
    "GET /runs/<run_id>/files/<name>": OWNER,
    "GET /runs/<run_id>/failures.csv": OWNER,
    "GET /imports": MEMBERS,
    "POST /imports": MEMBERS,
    "GET /imports/<upload_id>": OWNER,
    "POST /imports/<upload_id>/confirm": OWNER,
    "POST /imports/<upload_id>/discard": OWNER,
    "POST /imports/<upload_id>/undo": OWNER,
    # -- running the site: a moderator reads, an admin acts ----------------------------------------------------------
    "GET /admin/tasks": MODERATORS,
    "GET /admin/tasks/<run_id>": MODERATORS,
    "POST /admin/tasks/<run_id>/cancel": ADMINS,
    "POST /admin/tasks/<run_id>/retry": ADMINS,
    "GET /admin/schedules": MODERATORS,
    "POST /admin/schedules/<name>/run": ADMINS,
    "POST /admin/schedules/<name>/pause": ADMINS,
    "POST /admin/schedules/<name>/resume": ADMINS,
    # what is in letters is not for moderators
    "GET /admin/letters": ADMINS,
    "GET /admin/letters/<kind>": ADMINS,
    "GET /admin/letters/<kind>/html": ADMINS,
    "GET /admin/outbox": ADMINS,
    "GET /admin/outbox/<letter_id>": ADMINS,
    "GET /admin/outbox/<letter_id>/html": ADMINS,
    "POST /admin/outbox/<letter_id>/replay": ADMINS,
    "POST /admin/outbox/replay": ADMINS,
    "POST /admin/outbox/trial": ADMINS,
    "POST /admin/outbox/text": ADMINS,
    "GET /lab": ADMINS,
    "POST /lab": ADMINS,
    # -- machines ----------------------------------------------------------------------------------------------------
    "GET /static/<path>": EVERYBODY,
    "GET /bootstrap/static/<filename>": EVERYBODY,
    "GET /health": EVERYBODY,
    "GET /health/ready": EVERYBODY,
    "GET /health/queues": EVERYBODY,
    "GET /metrics": EVERYBODY,  # on this machine; from elsewhere a token is asked for: test_health.py
}
