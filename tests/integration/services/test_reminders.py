"""Reminders by letter: to whom they concern, once, and to nobody else."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from app import clock
from app.engine import control, outbox
from app.extensions import db
from app.models import Letter, Run
from app.services import letter_choices, posts, reminders
from tests.engine_fixtures import fresh


@pytest.fixture
def remind(worker):
    """Do the task, and say to whom letters were written."""

    def remind() -> list[str]:
        run = outbox.request("send_reminders", by=None)
        worker.work()
        assert fresh(run).state == "succeeded", run.error_trace
        return sorted(db.session.scalars(select(Letter.address)))

    return remind


@pytest.fixture
def exported(worker):
    """A member's export that goes after so long."""

    def exported(member, **span) -> Run:
        run = outbox.request("export_posts", by=member)
        worker.work()
        fresh(run).expires_at = clock.now() + timedelta(**span)
        db.session.commit()
        return run

    return exported


def away(member, days):
    member.last_seen_at = clock.now() - timedelta(days=days) if days else None
    db.session.commit()


def test_who_has_an_export_that_goes_within_two_days_is_told_once(susan, john, exported, remind):
    run = exported(susan, hours=40)
    exported(john, hours=60)

    assert remind() == ["susan@example.com"]
    assert remind() == ["susan@example.com"]
    letter = db.session.scalars(select(Letter)).one()
    assert (letter.subject, letter.key) == ("Your files of “Export posts” will be removed soon", f"files_go:{run.id}")
    for words in (letter.text, letter.html):
        assert f"http://127.0.0.1:5000/runs/{run.id}" in words and "UTC" in words


def test_an_export_that_was_acknowledged_or_is_gone_is_not_told_of(susan, john, exported, remind):
    control.acknowledge(exported(susan, hours=40))
    exported(john, hours=-1)

    assert remind() == []


def test_a_run_without_files_is_not_told_of(susan, worker, remind):
    run = outbox.request("for_the_house", by=susan)
    worker.work()
    fresh(run).expires_at = clock.now() + timedelta(hours=1)
    db.session.commit()

    assert remind() == []


def test_who_is_away_for_a_month_is_told_what_was_written(susan, john, mary, remind):
    away(susan, 31)
    away(john, 29)
    away(mary, 31)  # follows nobody
    posts.publish(john, "first")
    posts.publish(john, "second")
    posts.publish(mary, "not followed")
    db.session.commit()

    assert remind() == ["susan@example.com"]
    letter = db.session.scalars(select(Letter)).one()
    assert letter.subject == "2 posts while you were away"
    assert letter.is_bulk and "http://127.0.0.1:5000/" in letter.text


@pytest.mark.parametrize("days", [None, 29, 45])
def test_who_never_came_was_here_or_is_gone_for_good_is_left_alone(susan, john, remind, days):
    away(susan, days)
    posts.publish(john, "first")

    assert remind() == []


def test_a_suspended_member_is_left_alone(susan, john, remind):
    away(susan, 31)
    susan.is_suspended = True
    posts.publish(john, "first")

    assert remind() == []


def test_letters_go_to_confirmed_addresses_alone(susan, john, exported, remind):
    exported(susan, hours=40)
    away(susan, 31)
    posts.publish(john, "first")
    susan.email_confirmed_at = None
    db.session.commit()

    assert remind() == []


@pytest.mark.parametrize("digest", ["daily", "never"])
def test_who_chose_about_digests_is_not_told_of_an_absence(susan, john, remind, digest):
    letter_choices.choose(susan, digest, 8, "UTC", tells_of_runs=True)
    away(susan, 31)
    posts.publish(john, "first")

    assert remind() == []


def test_the_link_in_the_letter_ends_such_letters(susan, john, remind):
    posts.publish(john, "first")
    away(susan, 40)
    remind()
    letter = db.session.scalars(select(Letter)).one()
    link = letter.headers["List-Unsubscribe"].strip("<>")
    assert link in letter.text and link in letter.html

    letter_choices.unsubscribe(link.rpartition("/")[2])
    away(susan, 31)

    assert len(remind()) == 1


def test_very_many_posts_are_not_counted_to_the_end(susan, john, remind, monkeypatch):
    monkeypatch.setattr(reminders, "COUNTED_POSTS", 2)
    away(susan, 31)
    for number in range(3):
        posts.publish(john, f"post {number}")

    remind()

    assert db.session.scalars(select(Letter.subject)).one() == "More than 2 posts while you were away"


def test_one_absence_is_one_letter_and_the_next_another(susan, john, remind):
    posts.publish(john, "first")
    for days in (40, 31):
        away(susan, days)
        remind()
        remind()

    assert len(db.session.scalars(select(Letter)).all()) == 2
