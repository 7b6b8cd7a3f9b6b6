"""A round of digests: who gets one, what stands in it, and never one twice."""

from datetime import timedelta

import pytest
from sqlalchemy import insert, select, update

from app import clock
from app.engine import outbox
from app.extensions import db
from app.models import Follow, Letter, LetterChoice, Post
from app.services import digests as service
from app.services import letter_choices, letters, posts
from tests.crowd import gather
from tests.engine_fixtures import fresh

WAITING = {"trial": {}, "digest": {"since": clock.now(), "count": 1, "is_more": False, "posts": [], "unsubscribe": "/"}}


def wants(member, digest="daily", **changes):
    choice = letter_choices.choose(member, digest, 8, "UTC", True)
    choice.digest_at = clock.now() - timedelta(minutes=5)
    for name, value in changes.items():
        setattr(choice, name, value)
    db.session.commit()
    return choice


def send(worker):
    run = outbox.request("send_digests", by=None)
    worker.work()
    assert fresh(run).state == "succeeded", run.error_trace
    return run


def digests():
    db.session.rollback()
    return db.session.scalars(select(Letter).where(Letter.kind == "digest").order_by(Letter.id)).all()


def test_digest_tells_what_whom_they_follow_have_written(mail_server, susan, john, mary, worker):
    wants(susan)
    posts.publish(john, "hello <susan>")
    posts.publish(mary, "not for susan")
    posts.publish(susan, "her own")

    send(worker)

    (letter,) = mail_server.to("susan@example.com")
    text = letter.get_body(("plain",)).get_content()
    assert "hello <susan>" in text and "not for" not in text and "her own" not in text
    assert "hello &lt;susan&gt;" in letter.get_body(("html",)).get_content()
    assert letter["Subject"].startswith("1 post since")


def test_digest_goes_on_where_the_last_one_ended(susan, john, worker):
    wants(susan)
    posts.publish(john, "first")
    send(worker)
    posts.publish(john, "second")
    db.session.get(LetterChoice, susan.id).digest_at = clock.now()
    db.session.commit()

    send(worker)

    first, second = digests()
    assert "first" in first.text and "second" not in first.text
    assert "second" in second.text and "first" not in second.text


def test_digest_that_is_chosen_again_begins_anew(susan, john, worker):
    wants(susan, digest="never", digested_until=clock.now() - timedelta(days=400))
    posts.publish(john, "long ago").created_at = clock.now() - timedelta(days=300)
    posts.publish(john, "today")

    wants(susan)
    send(worker)

    (letter,) = digests()
    assert "today" in letter.text and "long ago" not in letter.text


def test_empty_digest_is_not_sent_and_the_next_is_due_a_day_on(susan, worker):
    wants(susan)

    run = send(worker)

    assert digests() == [] and run.skipped_count == 1
    due_in = db.session.get(LetterChoice, susan.id).digest_at - clock.now()
    assert timedelta(0) < due_in <= timedelta(days=1)


def test_who_is_not_due_suspended_or_unconfirmed_gets_none(susan, john, mary, david, worker):
    for member in (susan, mary, david):
        db.session.merge(Follow(follower_id=member.id, followed_id=john.id))
    posts.publish(john, "hello")
    wants(susan, digest_at=clock.now() + timedelta(hours=1))
    wants(mary)
    wants(david)
    mary.is_suspended, david.email_confirmed_at = True, None

    run = send(worker)

    assert digests() == [] and run.done == 0


def test_who_ended_digests_while_a_round_had_them_in_hand_gets_no_more(susan, john, worker):
    choice = wants(susan)
    letter_choices.unsubscribe(letter_choices.unsubscribe_token(susan))
    choice.digest_at = clock.now() - timedelta(minutes=5)  # the round's word, which knew nothing of it
    posts.publish(john, "hello")

    run = send(worker)

    assert digests() == [] and run.done == 0


def test_round_that_knows_nothing_of_an_end_asks_before_it_writes(susan, john):
    choice = wants(susan)
    posts.publish(john, "hello")
    db.session.commit()
    due_at = choice.digest_at
    ended = update(LetterChoice).values(digest="never").execution_options(synchronize_session=False)
    db.session.execute(ended)

    assert choice.digest == "daily" and service.write(choice, susan, clock.now()) is None
    assert choice.digest_at == due_at


@pytest.mark.parametrize("state", ["waiting", "dead"])
@pytest.mark.parametrize("way", ["link", "page"])
def test_digest_that_has_not_gone_ends_with_the_others(susan, john, way, state):
    for member in (susan, john):
        drafts = [letters.draft(kind, member, f"{kind}:{member.id}", **facts) for kind, facts in WAITING.items()]
        letters.post([draft | {"state": state} for draft in drafts])
    db.session.commit()

    if way == "link":
        letter_choices.unsubscribe(letter_choices.unsubscribe_token(susan))
    else:
        letter_choices.choose(susan, "never", 8, "UTC", True)
    db.session.commit()

    assert set(db.session.scalars(select(Letter.key))) == {f"trial:{susan.id}", f"trial:{john.id}", f"digest:{john.id}"}


def test_imported_posts_are_no_news(susan, john, worker):
    wants(susan)
    post = posts.publish(john, "from 2009")
    post.import_run_id = "an import"

    send(worker)

    assert digests() == []


def test_many_posts_are_counted_and_the_newest_shown(susan, john, worker):
    wants(susan)
    now = clock.now()
    rows = [
        {"author_id": john.id, "body": f"post {number}", "created_at": now - timedelta(minutes=number)}
        for number in range(250)
    ]
    db.session.execute(insert(Post), rows)

    send(worker)

    (letter,) = digests()
    assert letter.subject.startswith("More than 200 posts since ")
    assert "post 0\n" in letter.text and "post 8\n" not in letter.text


def test_round_that_is_done_again_writes_nothing_twice(susan, john, worker):
    wants(susan)
    posts.publish(john, "hello")
    send(worker)
    choice = db.session.get(LetterChoice, susan.id)
    (letter,) = digests()
    due_at = letter.key.rpartition(f"digest:{susan.id}:")[2]

    choice.digest_at = letter_choices.datetime.fromisoformat(due_at)
    choice.digested_until = None
    db.session.commit()
    send(worker)

    assert len(digests()) == 1


def test_round_over_a_crowd_is_one_run_and_a_letter_each(mail_server, john, worker):
    gather(300, john)

    run = send(worker)

    assert (run.done, run.total) == (300, 300)
    assert sorted(letter["To"] for letter in mail_server.letters) == sorted(
        f"reader{number}@example.com" for number in range(300)
    )
