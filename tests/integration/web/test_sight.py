"""Who may see a post, in every place a post can appear."""

import io
import json
import zipfile
from datetime import timedelta

import pytest

from app import clock
from app.engine import outbox
from app.extensions import db
from app.models import Artifact, Post
from app.models.mark import BOOKMARK
from app.models.post import FOLLOWERS, ONLY_AUTHOR, PUBLIC
from app.services import digests, exports, follows, letter_choices, marks, posts, reminders, runs, sight
from tests.archives import as_json
from tests.importing import bring_in
from tests.visitor import Visitor

WORDS = "#spices: nobody else shall read zanzibar"
LISTS = ("/", "/explore", "/user/susan", "/search?q=zanzibar", "/bookmarks", "/tag/spices")


@pytest.fixture
def write(susan, john, mary):
    """A post of susan's, bookmarked by everybody while they could see it."""

    def write(visibility):
        post = posts.publish(susan, WORDS)
        for member in (susan, john, mary):
            marks.put(member, post, BOOKMARK)
        post.visibility = visibility
        db.session.commit()
        return post

    return write


def places(app, viewer, post):
    """The places where the viewer meets the post."""
    visitor = Visitor(app).signed_in(viewer)
    return {place for place in (*LISTS, f"/posts/{post.id}") if "zanzibar</p>" in visitor.get(place).text}


@pytest.mark.parametrize("visibility", [PUBLIC, FOLLOWERS, ONLY_AUTHOR])
def test_a_post_is_met_by_those_it_is_for_alone_wherever_posts_are_shown(app, write, susan, john, mary, visibility):
    post = write(visibility)
    its_page = f"/posts/{post.id}"

    everywhere = {*LISTS, its_page}
    assert places(app, susan, post) == everywhere
    assert places(app, john, post) == (everywhere if visibility != ONLY_AUTHOR else set()), "john follows susan"
    assert places(app, mary, post) == (everywhere - {"/"} if visibility == PUBLIC else set())
    for place in everywhere:
        assert "zanzibar</p>" not in Visitor(app).get(place, follow_redirects=True).text, "a stranger"
    assert sight.may_see(None, post) == (visibility == PUBLIC)


def test_a_deleted_post_is_gone_everywhere_at_once(app, write, susan, john, mary):
    post = write(PUBLIC)

    posts.withdraw(post)
    db.session.commit()

    for viewer in (susan, john, mary):
        assert places(app, viewer, post) == set()
    assert not db.session.execute(exports.posts_of(susan)).all()
    assert not sight.may_see(None, post)


def test_who_follows_no_longer_sees_it_no_longer(app, write, susan, john):
    post = write(FOLLOWERS)

    follows.unfollow(john, susan)
    db.session.commit()

    assert places(app, john, post) == set()


@pytest.mark.parametrize("act", ["like", "unlike", "bookmark", "unbookmark", "edit", "delete"])
def test_what_is_not_seen_cannot_be_marked_or_changed(app, write, mary, act):
    post = write(FOLLOWERS)
    visitor = Visitor(app).signed_in(mary)
    visitor.get("/explore")

    assert visitor.post(f"/posts/{post.id}/{act}", body="mine").status_code == 404


def test_letters_tell_followers_alone(app, write, susan, john):
    write(FOLLOWERS)
    choice = letter_choices.choose(john, "daily", 8, "UTC", True)
    choice.digested_until = clock.now() - timedelta(days=1)
    db.session.flush()
    later = clock.now() + timedelta(hours=1)
    assert "zanzibar" in str(digests.write(choice, john, later))

    for post in db.session.query(Post):
        post.visibility = ONLY_AUTHOR
    choice.digested_until = clock.now() - timedelta(days=1)
    db.session.flush()

    assert digests.write(choice, john, later) is None
    db.session.delete(choice)
    john.last_seen_at = clock.now() - timedelta(days=31)
    db.session.flush()
    assert reminders.of_absence(john) is None


def test_the_form_says_who_may_see_it_and_the_card_too(app, susan):
    visitor = Visitor(app).signed_in(susan)
    visitor.get("/")

    visitor.post("/posts", body="For few", visibility="followers")
    visitor.post("/posts", body="For all")

    page = visitor.get("/user/susan").text
    assert page.count("followers only") == 1
    few, everybody = db.session.query(Post).order_by(Post.id)
    assert (few.visibility, everybody.visibility) == (FOLLOWERS, PUBLIC)
    assert 'selected value="followers"' in visitor.get(f"/posts/{few.id}/edit").text


@pytest.mark.parametrize("wish", ["direct", "author", ""])
def test_a_visibility_that_is_not_offered_is_refused(app, susan, wish):
    visitor = Visitor(app).signed_in(susan)
    visitor.get("/")

    assert visitor.post("/posts", body="For whom?", visibility=wish).status_code == 422
    assert db.session.query(Post).count() == 0


@pytest.mark.parametrize("visibility", [FOLLOWERS, ONLY_AUTHOR])
def test_an_edit_widens_nothing_unless_asked(app, write, susan, visibility):
    post = write(visibility)
    visitor = Visitor(app).signed_in(susan)
    visitor.get(f"/posts/{post.id}/edit")

    visitor.post(f"/posts/{post.id}/edit", body="Other words")
    db.session.refresh(post)
    assert (post.body, post.visibility) == ("Other words", visibility)

    visitor.post(f"/posts/{post.id}/edit", body="Other words", visibility="public")
    db.session.refresh(post)
    assert post.visibility == PUBLIC


def test_an_export_says_it_and_an_import_keeps_it(app, write, susan, mary, worker):
    for visibility in (PUBLIC, FOLLOWERS, ONLY_AUTHOR):
        write(visibility).body = visibility
    db.session.commit()
    run = outbox.request("export_posts", by=susan)
    worker.work()
    with runs.open_artifact(db.session.query(Artifact).filter_by(run_id=run.id).one()) as file:
        archive = file.read()

    exported = json.loads(zipfile.ZipFile(io.BytesIO(archive)).read("posts.json"))["posts"]
    assert [post.get("to") for post in exported] == [None, ["http://127.0.0.1:5000/user/susan/followers"], []]
    bring_in(mary, archive, worker)

    kept = db.session.query(Post.body, Post.visibility).filter_by(author_id=mary.id).order_by(Post.id)
    assert [tuple(row) for row in kept] == [(visibility, visibility) for visibility in (PUBLIC, FOLLOWERS, ONLY_AUTHOR)]


HERS = "https://example.social/users/mary/followers"
EVERYBODY = "https://www.w3.org/ns/activitystreams#Public"


@pytest.mark.parametrize(
    ("addresses", "visibility"),
    [
        ({}, PUBLIC),
        ({"to": [EVERYBODY], "cc": [HERS]}, PUBLIC),
        ({"to": [HERS], "cc": [EVERYBODY]}, PUBLIC),
        ({"to": EVERYBODY}, PUBLIC),
        ({"to": [HERS], "cc": []}, FOLLOWERS),
        ({"to": ["https://example.social/users/john"], "cc": []}, ONLY_AUTHOR),
        ({"to": [], "cc": [HERS]}, ONLY_AUTHOR),
        ({"to": [{"id": EVERYBODY}, 7, None]}, ONLY_AUTHOR),
        ({"to": {"id": EVERYBODY}}, ONLY_AUTHOR),
        ({"cc": []}, ONLY_AUTHOR),
    ],
)
def test_an_import_never_widens_what_the_file_says(mary, worker, addresses, visibility):
    bring_in(mary, as_json({"body": "Hello", "timestamp": "2021-05-01T10:00:00Z", **addresses}), worker)

    assert db.session.query(Post).one().visibility == visibility
