"""Which letters a member wants, and the link in each digest that ends them without a sign-in (RFC 8058)."""

from datetime import UTC, datetime, timedelta
from zoneinfo import available_timezones

from sqlalchemy import delete

from app import clock, links
from app.errors import Gone, Invalid
from app.extensions import db
from app.models import Letter, LetterChoice, User
from app.models.letter import DEAD, WAITING
from app.models.letter_choice import DAILY, NEVER, WEEKLY
from app.security import signed

DIGESTS = (NEVER, DAILY, WEEKLY)
PURPOSE = "no more digests"
_MONDAY = 0


def of(member: User) -> LetterChoice:
    """What the member chose; what holds for everybody where they did not."""
    known = db.session.get(LetterChoice, member.id)
    return known or LetterChoice(
        user_id=member.id, digest=NEVER, digest_hour=8, time_zone="UTC", digest_at=None, tells_of_runs=True
    )


def choose(member: User, digest: str, hour: int, time_zone: str, tells_of_runs: bool) -> LetterChoice:
    """Keep the member's choice; the next digest is due when their clock next shows that hour. Raises Invalid.

    Who had none until now is told of the last day or week, and not of all that was written since they last had one.
    """
    if digest not in DIGESTS or not 0 <= hour <= 23 or time_zone not in time_zones():
        raise Invalid("There is no such digest, hour or time zone.")
    choice = db.session.merge(of(member))
    if choice.digest == NEVER:
        choice.digested_until = None
    choice.digest, choice.digest_hour, choice.time_zone, choice.tells_of_runs = digest, hour, time_zone, tells_of_runs
    choice.digest_at = next_digest(choice, clock.now())
    if digest == NEVER:
        _take_back(member)
    return choice


def next_digest(choice: LetterChoice, after: datetime) -> datetime | None:
    """When the member's clock next shows their hour (on a Monday, for a weekly one); None if they want no digest."""
    if choice.digest == NEVER:
        return None
    zone = clock.zone(choice.time_zone)
    day = after.astimezone(zone).date()
    while True:
        due = datetime(day.year, day.month, day.day, choice.digest_hour, tzinfo=zone).astimezone(UTC)
        if due > after and (choice.digest == DAILY or day.weekday() == _MONDAY):
            return due
        day += timedelta(days=1)


def time_zones() -> list[str]:
    """The zones there are to choose from, UTC first."""
    return ["UTC", *sorted(name for name in available_timezones() if "/" in name and not name.startswith("Etc/"))]


def unsubscribe_token(member: User) -> str:
    """What the link in a digest carries; it stays good, for old letters are read too.

    SQLite gives a removed member's number to the next one, so it says since when the member has been here as well.
    """
    return signed.sign(PURPOSE, _who(member))


def unsubscribe_link(member: User) -> tuple[str, dict[str, str]]:
    """Where the member ends such letters without a sign-in, and the headers that say so to mail programs (RFC 8058)."""
    link = links.to("letters.unsubscribe_form", token=unsubscribe_token(member))
    return link, {"List-Unsubscribe": f"<{link}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}


def subscriber(token: str) -> User:
    """Whose digests the link ends. Raises Gone."""
    values = signed.read(PURPOSE, token, None)
    is_known_since = isinstance(values, list)  # the first letters carried the number alone
    member = db.session.get(User, values[0] if is_known_since else values) if values else None
    if member is None or (is_known_since and values != _who(member)):
        raise Gone("This link belongs to nobody here.")
    return member


def unsubscribe(token: str) -> User:
    """No more digests for the member; a second time changes nothing. Raises Gone."""
    member = subscriber(token)
    choice = db.session.merge(of(member))
    choice.digest, choice.digest_at = NEVER, None
    _take_back(member)
    return member


def _who(member: User) -> list[int | str]:
    return [member.id, clock.stamp(member.created_at)]


def _take_back(member: User) -> None:
    """What has not gone of the letters that the member no longer wants: digests, and the one after a long absence.

    Dead ones too: they could be sent again.
    """
    unwanted = delete(Letter).where(Letter.user_id == member.id, Letter.state.in_((WAITING, DEAD)), Letter.is_bulk)
    db.session.execute(unwanted.execution_options(synchronize_session=False))
