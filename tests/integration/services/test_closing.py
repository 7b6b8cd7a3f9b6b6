"""Closing an account: two weeks to think better of it, then everything goes, and nothing of anybody else's."""

import io
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from app import clock
from app.engine import outbox
from app.extensions import db
from app.models import Artifact, Follow, Letter, Post, Run, Upload, User
from app.services import avatars, closing, follows, posts, search
from app.services.imports import keeping
from tests.archives import POSTS, as_json
from tests.belongings import POINT
from tests.cast import PASSWORD
from tests.engine_fixtures import fresh
from tests.importing import hand_in
from tests.visitor import Visitor


@pytest.fixture
def do(worker):
    """Do one of the house's tasks to its end."""

    def do(task: str) -> Run:
        run = outbox.request(task, by=None)
        worker.work()
        assert fresh(run).state == "succeeded", run.error_trace
        return run

    return do


def end(member: User) -> None:
    member.ends_at = clock.now() - timedelta(seconds=1)
    db.session.commit()


def count(model) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def test_who_asks_is_told_when_and_may_keep_it(app, susan):
    visitor = Visitor(app).signed_in(susan)

    assert visitor.post("/profile/close", password="wrong password").status_code == 422
    assert db.session.get(User, susan.id, populate_existing=True).ends_at is None
    for _time in range(2):
        assert visitor.post("/profile/close", password=PASSWORD).status_code == 303

    left = db.session.get(User, susan.id, populate_existing=True).ends_at - clock.now()
    assert timedelta(days=13, hours=23) < left <= timedelta(days=14)
    assert "Keep my account" in visitor.get("/explore").text
    (letter,) = db.session.scalars(select(Letter)).all()
    assert letter.kind == "account_ends" and letter.user_id == susan.id
    assert visitor.post("/profile/keep").status_code == 303
    assert db.session.get(User, susan.id, populate_existing=True).ends_at is None
    assert "Keep my account" not in visitor.get("/explore").text


def test_last_admin_stays(app, david, susan):
    as_david = Visitor(app).signed_in(david)

    refused = as_david.post("/profile/close", password=PASSWORD)

    assert refused.status_code == 409 and "only admin" in refused.text
    susan.role = "admin"
    db.session.commit()
    assert as_david.post("/profile/close", password=PASSWORD).status_code == 303


def test_reminder_comes_once_shortly_before(susan, john, do):
    susan.ends_at, john.ends_at = clock.now() + timedelta(days=1), clock.now() + timedelta(days=3)
    db.session.commit()

    do("send_reminders")
    do("send_reminders")

    assert [letter.user_id for letter in db.session.scalars(select(Letter))] == [susan.id]


def test_everything_of_an_ended_account_goes_and_nothing_else(app, susan, john, mary, worker, do, monkeypatch):
    monkeypatch.setattr(closing, "POSTS_AT_ONCE", 2)
    for number in range(5):
        posts.publish(susan, f"susans {number}")
        posts.publish(john, f"johns {number}")
    follows.follow(mary, susan)
    db.session.commit()
    hand_in(susan, as_json(*POSTS), worker)
    kept_by_upload = db.session.scalars(select(Upload.storage_key)).one()
    export = outbox.request("export_posts", by=susan)
    worker.work()
    avatars.keep(susan, io.BytesIO(POINT))
    picture = susan.avatar_mark
    susan_id, export_id = susan.id, export.id
    end(susan)

    done = do("clean_up")

    assert done.saved["Posts of ended accounts"] == 5 and done.saved["Ended accounts"] == 1
    assert db.session.get(User, susan_id) is None
    assert set(db.session.scalars(select(Post.author_id))) == {john.id}
    assert search.posts("susans", john.id).items == []
    assert (john.follower_count, john.following_count, mary.following_count) == (0, 0, 0)
    assert count(Follow) == count(Upload) == 0
    with pytest.raises(Exception, match="no longer kept"), keeping.opened(kept_by_upload):
        pass
    assert avatars.read(picture, avatars.SMALL) is None
    assert db.session.get(Run, export_id) is None and count(Artifact) == 0


def test_account_that_is_kept_in_the_last_moment_stays(susan, do):
    posts.publish(susan, "still here")
    end(susan)
    found = db.session.execute(closing.over().with_only_columns(User.id)).one()
    spans = closing.posts_over()
    closing.keep(susan)
    db.session.commit()

    assert closing.remove_posts(spans[0]) == closing.remove(found) == 0
    assert do("clean_up").saved.get("Ended accounts", 0) == 0
    assert count(Post) == 1


def test_another_sign_in_cannot_be_used_once_the_account_is_gone(app, susan, do):
    visitor = Visitor(app).signed_in(susan)
    end(susan)

    do("clean_up")

    assert visitor.get("/").status_code == 302


def test_a_closed_account_s_cookie_lets_nobody_in_again(app, cast, do):
    last = max(cast.values(), key=lambda member: member.id)
    old, number = Visitor(app).signed_in(last), last.id
    end(last)
    do("clean_up")

    newcomer = User(username="newcomer", email="new@example.com", password_hash="!")
    db.session.add(newcomer)
    db.session.commit()

    if db.engine.dialect.name == "sqlite":
        assert newcomer.id == number, "SQLite gives the number away again"
    assert old.get("/").status_code == 302
    assert old.get("/notifications").status_code == 401
