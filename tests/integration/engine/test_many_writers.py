"""Members told by many writers at once: nothing is lost and nobody deadlocks, and three mutants show that it would be
seen. On SQLite there is one writer at a time, so two of the mutants harm nobody there.
"""

import json
import random
import threading
import time
from itertools import count

import pytest
from sqlalchemy import bindparam, func, select, update
from sqlalchemy.exc import OperationalError

from app.engine import Run as Handle
from app.engine import book, outbox, registry, runner, task
from app.extensions import db
from app.models import Notification, NotificationCounter, Post, Run, notification
from app.services import notifications
from tests.duels import together
from tests.engine_fixtures import fresh
from tests.processes import PATIENCE_SECONDS

WRITERS, ROUNDS = 6, 25


class Page:
    """A member's open page: it asks for what is newer than its cursor, and keeps the newest it was told."""

    def __init__(self, member):
        self.user_id, self.epoch, self.since, self.known = member.id, member.session_epoch, 0, {}

    def ask(self):
        body = json.loads(notifications.poll(self.user_id, self.epoch, self.since, 1000, 15000).body)
        for row in body["notifications"]:
            assert row["seq"] > self.since, "told again"
            self.known[row["key"]] = row["data"]
        self.since = body["cursor"]
        return body["more"]

    def lost(self):
        """How many of the stored notifications it does not know, after a last look."""
        while self.ask():
            pass
        stored = db.session.scalars(select(Notification).where(Notification.user_id == self.user_id))
        return sum(self.known.get(notice.key) != notice.data for notice in stored)


def tell_at_once(app, members, rounds=ROUNDS):
    """Writers that tell several members each in a transaction, in any order, while each member's page polls.

    What the pages lost, and what the database refused.
    """
    ids = [member.id for member in members]
    pages, over, dice = [Page(member) for member in members], threading.Event(), random.Random(1)
    orders = [[dice.sample(ids, len(ids)) for _ in range(rounds)] for _ in range(WRITERS)]

    def keep_asking():
        with app.app_context():
            while not over.is_set():
                for page in pages:
                    page.ask()

    def write(writer):
        def act(number):
            for user_id in orders[writer][number]:
                notification.collect(user_id, f"{writer} {number}", "n", number)
                notification.collect(user_id, f"{writer}", "n", number)
            db.session.commit()

        return act

    poller = threading.Thread(target=keep_asking)
    poller.start()
    try:
        raised = together(app, rounds, *[write(writer) for writer in range(WRITERS)])
    finally:
        over.set()
        poller.join()
    return sum(page.lost() for page in pages), raised


@pytest.fixture
def members(susan, john, mary, david):
    return susan, john, mary, david


@pytest.fixture
def many_writers(app):
    if db.engine.dialect.name == "sqlite":
        pytest.skip("SQLite has one writer at a time")


def test_many_writers_lose_nothing_and_never_deadlock(app, members):
    lost, raised = tell_at_once(app, members)

    assert (lost, raised) == (0, [])
    for member in members:
        seqs = db.session.scalars(select(Notification.seq).where(Notification.user_id == member.id)).all()
        assert len(set(seqs)) == len(seqs) == WRITERS * (ROUNDS + 1)
        assert db.session.get(NotificationCounter, member.id).seq == WRITERS * ROUNDS * 2


def test_a_seq_drawn_as_an_id_is_seen_to_lose(app, members, many_writers, monkeypatch):
    """An id is given before the commit, so a later one may be read before an earlier one is there."""
    ids = count(1000)

    def draw(session, user_id, number):
        seq = [next(ids) for _ in range(number)][-1]
        time.sleep(random.uniform(0, 0.01))
        counter = update(NotificationCounter).where(NotificationCounter.user_id == user_id)
        session.connection().execute(counter.values(seq=func.greatest(NotificationCounter.seq, seq)))
        return seq

    for member in members:
        db.session.add(NotificationCounter(user_id=member.id, seq=0))
    db.session.commit()
    monkeypatch.setattr(notification, "_draw", draw)

    assert until_seen(lambda: tell_at_once(app, members)[0])


def test_counters_drawn_out_of_order_are_seen_to_deadlock(app, members, many_writers, monkeypatch):
    monkeypatch.setattr(notification, "sorted", list, raising=False)

    def deadlocks():
        _lost, raised = tell_at_once(app, members, rounds=2)
        return sum(isinstance(error, OperationalError) and "deadlock" in str(error) for error in raised)

    assert until_seen(deadlocks)


def until_seen(harm):
    return any(harm() for _ in range(10))


@pytest.fixture
def overtaken():
    """A task of which a second claim takes over in the middle, while the first one sleeps and then goes on."""
    gates = {"second is at work": threading.Event(), "first is over": threading.Event()}

    @task(title="Overtaken", unit="posts", unique=None, retries=0, visible=False)
    def overtaken(run: Handle) -> None:
        """Write a post an item."""
        for number in run.each(range(10), atomic=1):
            if number == 4 and run._book.row.claim == 1:
                _take_over(run.id, gates)
            if number == 5 and run._book.row.claim == 2:
                gates["second is at work"].set()
                gates["first is over"].wait(PATIENCE_SECONDS)
            db.session.add(Post(author_id=run.user.id, body=f"number {number}"))

    yield gates
    registry._tasks.pop("overtaken")


def _take_over(run_id, gates):
    """As housekeeping and another worker do when a lease has run out."""
    from flask import current_app

    app = current_app._get_current_object()

    def work():
        with app.app_context():
            runner.perform(run_id, 1, in_thread=True)

    with db.engine.begin() as connection:
        connection.execute(update(Run).where(Run.id == run_id).values(state="queued"))
    gates["second"] = threading.Thread(target=work)
    gates["second"].start()
    assert gates["second is at work"].wait(PATIENCE_SECONDS)


def effects_of_two_claims(susan, gates):
    run = outbox.request("overtaken", by=susan)
    outbox.keep_from_sending(run)
    run_id = run.id
    db.session.commit()

    runner.perform(run_id, 0)
    gates["first is over"].set()
    gates["second"].join()

    ended = fresh(run_id)
    return ended.state, ended.done, db.session.scalar(select(func.count()).select_from(Post))


def test_who_was_overtaken_writes_nothing_more(susan, overtaken):
    assert effects_of_two_claims(susan, overtaken) == ("succeeded", 10, 10)


def test_a_batch_without_the_claim_is_seen_to_write_twice(susan, overtaken, monkeypatch):
    real, claim = book._statement, Run.__table__.c.claim
    monkeypatch.setattr(book, "_statement", lambda dialect: without(real(dialect), claim))

    _state, _done, effects = effects_of_two_claims(susan, overtaken)

    assert effects > 10


def without(statement, column):
    """The same UPDATE, with any value of the column let through."""
    kept = [part for part in statement._where_criteria if column not in part.get_children()]
    assert len(kept) == len(statement._where_criteria) - 1
    mutant = statement._clone()
    mutant._where_criteria = (*kept, (column == bindparam("own_claim")) | (column >= 0))
    return mutant
