"""What somebody may not see is on no page, in no letter and in no answer they can get at, by whatever way it might."""

from datetime import timedelta

import pytest

from app import clock
from app.engine import outbox
from app.extensions import db
from app.models import Letter, Notification
from app.models.mark import BOOKMARK, LIKE
from app.models.post import FOLLOWERS, PUBLIC
from app.services import follows, letter_choices, marks, partings, posts
from tests.crawl import crawl
from tests.visitor import Visitor

WORD = "zanzibar"
WAYS = (
    *(f"/search?q={question}" for question in (WORD, "susan")),
    *(f"/user/susan{page}" for page in ("", "/followers", "/following", "/popover", "/feed.atom", "/feed.json")),
    *(f"/tag/{WORD}{page}" for page in ("", "/feed.atom", "/feed.json")),
)


@pytest.fixture
def read(app, worker):
    """{where: text} of all that a member can get at, with their letters and the notifications they are polled."""

    def read(member, *more):
        letter_choices.choose(member, "daily", 8, "UTC", True).digest_at = clock.now() - timedelta(minutes=1)
        outbox.request("send_digests", by=None)
        worker.work()
        visitor = Visitor(app).signed_in(member)
        found = {address: answer.text for address, answer in crawl(app, visitor, [*WAYS, *more]).items()}
        letters = db.session.scalars(db.select(Letter).where(Letter.user_id == member.id)).all()
        found |= {f"letter {letter.id}": f"{letter.subject} {letter.text} {letter.html}" for letter in letters}
        told = db.session.scalars(db.select(Notification).where(Notification.user_id == member.id)).all()
        return found | {one.key: one.payload_json for one in told}

    return read


def places(found, word):
    """Where the word stands; it was asked for, so the question's own repetition does not count."""
    asked = (f'value="{word}"', f"#{word}", f"{word} ·", f"tag/{word}", f"q={word}")
    for part in asked:
        found = {place: text.replace(part, "") for place, text in found.items()}
    return [place for place, text in found.items() if word in text]


@pytest.fixture
def written(susan, john, mary):
    """Posts of susan's with the word, known by everybody while everybody could see them; (root, reply)."""
    root = posts.publish(susan, f"@mary @john {WORD}s are #{WORD}", PUBLIC)
    answered = posts.publish(mary, "What do you think?")
    reply = posts.publish(susan, f"My {WORD}", PUBLIC, reply_to=answered)
    for member in (john, mary):
        posts.publish(member, "An answer of another", PUBLIC, reply_to=root)
        for kind in (LIKE, BOOKMARK):
            marks.put(member, root, kind)
    db.session.commit()
    return root, reply


def test_everybody_finds_public_words(read, mary, john, written):
    assert len(places(read(mary), WORD)) >= 8
    assert len(places(read(john), WORD)) >= 8


def test_words_that_became_for_followers_are_nowhere_for_others(app, read, susan, mary, john, written):
    root, _ = written
    posts.edit(root, root.body, FOLLOWERS)
    db.session.commit()

    ways = [f"/posts/{root.id}", f"/posts/{root.id}/thread", f"/posts/{root.id + 3}/thread"]
    assert not places(read(mary, *ways), f"{WORD}s")
    assert places(read(john, *ways), f"{WORD}s")


def test_deleted_words_are_nowhere(app, read, susan, mary, written):
    for post in written:
        posts.withdraw(post)
    db.session.commit()

    for member in (susan, mary):
        assert not places(read(member, *(f"/posts/{post.id}" for post in written)), WORD)


@pytest.mark.parametrize("who", ["susan", "john"])
def test_who_is_apart_finds_nothing_of_the_other(app, cast, read, susan, john, mary, written, who):
    follows.follow(mary, john)
    partings.block(cast[who], susan if who == "john" else john)
    db.session.commit()

    found = read(john, *(f"/posts/{post.id}" for post in written))
    found = {place: text for place, text in found.items() if "/feed." not in place}  # for strangers, and so for all

    assert not places(found, WORD)
    if who == "susan":  # john himself has a list of whom he blocks
        assert not [place for place, text in found.items() if ">susan<" in text]
