"""Telling by letter: who wants it, that nobody is flooded, and that nothing private leaves the house."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from app import clock
from app.adapters.channels import MemoryChannel
from app.extensions import db
from app.models import Activity, Letter
from app.models.activity import FOLLOW, KINDS, LIKE, MENTION, MESSAGE, REPLY, RUN
from app.services import activities, activity_choices, delivery, follows, messages, posts
from app.services.activity_choices import Choice


def sent_to(member):
    letters = select(Letter.subject).where(Letter.address == member.email).order_by(Letter.id)
    return list(db.session.scalars(letters))


def want(member, kind, on_page=True, by_letter=True):
    activity_choices.choose(member.id, {kind: Choice(on_page, by_letter)})
    db.session.commit()


def write(sender, recipient, body="Psst: the cake is under the stairs"):
    messages.send(sender, recipient, body)
    db.session.commit()


def tell(member, kind, actor, post=None):
    activities.tell(member.id, kind, actor_id=actor.id, post_id=post.id if post else None)
    db.session.commit()


def test_who_never_chose_gets_letters_about_messages_alone(susan, mary):
    post = posts.publish(susan, "Hello")
    for kind in KINDS:
        tell(susan, kind, mary, post if kind in (MENTION, REPLY, LIKE) else None)

    assert sent_to(susan) == ["mary wrote to you"]


def test_a_letter_about_a_message_does_not_say_what_is_in_it(susan, mary):
    write(mary, susan)

    letter = db.session.scalars(select(Letter)).one()
    assert "http://127.0.0.1:5000/messages/mary" in letter.text
    assert "cake" not in letter.text + letter.html + letter.subject


def test_no_second_letter_before_the_first_was_read_of(susan, john, mary):
    for sender in (mary, mary, john, mary):
        write(sender, susan)
    assert sent_to(susan) == ["mary wrote to you", "john wrote to you"]

    messages.read(susan, messages.between(susan, mary))
    db.session.commit()
    write(mary, susan)
    write(mary, susan)

    assert sent_to(susan) == ["mary wrote to you", "john wrote to you", "mary wrote to you"]


@pytest.mark.parametrize(
    ("kind", "subject"),
    [(FOLLOW, "mary follows you"), (MENTION, "mary mentioned you"), (REPLY, "mary replied to you")],
)
def test_who_asked_is_told_by_letter_once_until_they_have_read(susan, john, mary, david, kind, subject):
    want(susan, kind)
    post = None if kind == FOLLOW else posts.publish(mary, "@susan <b>look</b>")
    tell(susan, kind, mary, post)
    tell(susan, kind, john, post)

    assert sent_to(susan) == [subject]
    letter = db.session.scalars(select(Letter)).one()
    if post is not None:
        assert "@susan <b>look</b>" in letter.text and "@susan &lt;b&gt;look&lt;/b&gt;" in letter.html
    activities.read_all(susan, None)
    tell(susan, kind, david, post)
    assert sent_to(susan) == [subject, subject.replace("mary", "david")]


def test_following_again_and_again_is_one_letter_a_day(susan, mary, monkeypatch):
    want(susan, FOLLOW)
    for _ in range(3):
        follows.follow(mary, susan)
        db.session.commit()
        follows.unfollow(mary, susan)
        db.session.commit()
    assert sent_to(susan) == ["mary follows you"]

    tomorrow = clock.now() + timedelta(days=1)
    monkeypatch.setattr(clock, "now", lambda: tomorrow)
    follows.follow(mary, susan)
    db.session.commit()
    assert len(sent_to(susan)) == 2


def test_what_is_not_wanted_on_the_page_is_not_there(susan, mary):
    want(susan, FOLLOW, on_page=False, by_letter=False)
    want(susan, MESSAGE, on_page=False, by_letter=True)
    follows.follow(mary, susan)
    for _ in range(3):
        write(mary, susan)

    assert db.session.query(Activity).count() == 0
    assert sent_to(susan) == ["mary wrote to you"], "one a day, where nothing tells that it was read"


def test_no_letter_to_an_address_that_is_not_confirmed_or_a_suspended_member(susan, john, mary):
    susan.email_confirmed_at = None
    john.is_suspended = True
    write(mary, susan)
    write(mary, john)

    assert db.session.query(Letter).count() == 0
    assert db.session.query(Activity).count() == 2


def test_no_letter_about_a_post_that_the_member_may_not_see(susan, mary):
    want(mary, MENTION)
    post = posts.publish(susan, "@mary", visibility="followers")
    tell(mary, MENTION, susan, post)

    assert sent_to(mary) == []


@pytest.mark.parametrize(
    ("comes_back", "arrives"), [(False, ["john mentioned you"]), (True, ["john mentioned you", "mary replied to you"])]
)
def test_letters_about_a_deleted_post_wait_until_it_is_gone_for_good(
    susan, john, mary, monkeypatch, comes_back, arrives
):
    for kind in (MENTION, REPLY):
        want(susan, kind)
    asked = posts.publish(susan, "Are they ripe?")
    posts.publish(john, "@susan look")
    answer = posts.publish(mary, "Not one of them", reply_to=asked)
    posts.withdraw(answer)
    db.session.commit()

    assert delivered() == arrives[:1]
    if comes_back:
        posts.restore(answer.id, mary)
        db.session.commit()
        assert delivered() == arrives[1:]
    later = clock.now() + timedelta(minutes=1)
    monkeypatch.setattr(clock, "now", lambda: later)

    assert delivered() == []
    states = db.session.scalars(select(Letter.state).where(Letter.kind == "reply")).all()
    assert states == (["sent"] if comes_back else ["dead"])


def delivered():
    """The subjects of the letters that go out now."""
    db.session.rollback()
    channel = MemoryChannel()
    with delivery.Postman("a run", lambda _name: channel) as postman:
        for letter in postman.letters():
            postman.deliver(letter)
    return [message.subject for message in channel.sent]


def test_there_is_no_letter_for_a_like_or_a_run(susan):
    activity_choices.choose(susan.id, {LIKE: Choice(True, True), RUN: Choice(False, True)})
    db.session.commit()

    chosen = activity_choices.of(susan.id)
    assert (chosen[LIKE], chosen[RUN]) == (Choice(True, False), Choice(False, False))
    assert chosen[MESSAGE] == Choice(True, True)
