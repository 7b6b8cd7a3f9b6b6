"""Letters: how many go out a second beside bare smtplib on one connection, and a round of digests over 10,000 members
whose worker is killed in the middle.
"""

import os
import signal
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, insert, select, update

from app import clock
from app.adapters.channels import Message, SmtpChannel
from app.engine import outbox
from app.extensions import db
from app.models import Letter, LetterChoice, Run, User
from app.services import letters
from benchmarks import house

LETTERS = 1000
MEMBERS = 10_000


def main() -> None:
    """Print the figures."""
    port = house.free_port()
    with house.process("aiosmtpd", "-n", "-l", f"127.0.0.1:{port}", "-c", "aiosmtpd.handlers.Sink"):
        house.wait_until(lambda: house.listens(port), 30)
        os.environ |= {"MAIL_SERVER": "127.0.0.1", "MAIL_PORT": str(port)}
        with house.open_house(users=MEMBERS, posts=2 * MEMBERS):
            reference = bare(port)
            with house.process("flask", "worker"):
                rate = outboxed()
                house.say("letters a second, bare smtplib", reference)
                house.say("letters a second, through the outbox", rate)
                house.say("through the outbox / bare", rate / reference)
                digests()


def bare(port: int) -> float:
    """Letters a second without an outbox."""
    channel = SmtpChannel("127.0.0.1", port)
    words = letters.render("trial", "en", member=house.first_member())
    began = time.perf_counter()
    for number in range(LETTERS):
        key, now = f"bare:{number}", datetime.now(UTC)
        channel.send(Message(key, "a@example.com", words.subject, words.text, now, words.html))
    channel.close()
    return LETTERS / (time.perf_counter() - began)


def outboxed() -> float:
    """Letters a second from the commit that writes them to the last one sent."""
    member = house.first_member()
    rows = [letters.draft("trial", member, f"k{number}") for number in range(LETTERS)]
    began = time.perf_counter()
    letters.post(rows)
    db.session.commit()
    wait_until(lambda: count(Letter.state == "sent") == LETTERS)
    return LETTERS / (time.perf_counter() - began)


def digests() -> None:
    """A round over everybody, killed once, and the letters it leaves."""
    now = clock.now()
    db.session.execute(update(User).values(email_confirmed_at=now))
    due = {"digest": "weekly", "digest_at": now, "digested_until": now - timedelta(days=20_000)}
    db.session.execute(insert(LetterChoice), [{"user_id": user, **due} for user in db.session.scalars(select(User.id))])
    began = time.perf_counter()
    run = outbox.request("send_digests", by=None)
    db.session.commit()
    wait_until(lambda: fresh(run.id).done > MEMBERS // 3)
    os.kill(fresh(run.id).worker["pid"], signal.SIGKILL)
    wait_until(lambda: fresh(run.id).finished_at)
    wrote = time.perf_counter() - began
    is_digest = Letter.kind == "digest"
    wait_until(lambda: count(is_digest & Letter.state.in_(("waiting", "sending"))) == 0)
    per_member = db.session.execute(select(func.count()).where(is_digest).group_by(Letter.user_id)).scalars().all()
    ended = fresh(run.id)
    house.say(f"digests, members in the round (claims {ended.claim}, {ended.state})", ended.done)
    house.say("digests, seconds to write them all, one kill among it", wrote, unit="s")
    house.say("digests, seconds until the last was sent", time.perf_counter() - began, unit="s")
    house.say("digests, letters written", sum(per_member))
    house.say("digests, most for one member", max(per_member), "= 1")
    house.say("digests, in doubt after the kill", count(is_digest & (Letter.state == "dead")), "<= 1")


def wait_until(is_so: Callable[[], object]) -> None:
    """Until it is so, looking now and then: a look costs as much as a letter."""
    while not is_so():
        time.sleep(0.1)


def count(condition: object) -> int:
    """How many letters are like that."""
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(Letter).where(condition)) or 0


def fresh(run_id: str) -> Run:
    """The run as the database has it now."""
    db.session.rollback()
    return db.session.get(Run, run_id, populate_existing=True)


if __name__ == "__main__":
    main()
