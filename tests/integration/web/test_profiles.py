import pytest

from app.extensions import db
from app.services import messages, posts
from tests.visitor import Visitor


@pytest.fixture
def as_susan(app, susan):
    return Visitor(app).signed_in(susan)


def test_profile_is_found_in_any_case_and_else_not(as_susan, john):
    assert "john" in as_susan.get("/user/JOHN").text
    for name in ("nobody", "..%5c", "<b>", "a" * 500):
        assert as_susan.get(f"/user/{name}").status_code == 404


def test_member_follows_and_unfollows(as_susan, mary):
    assert 'action="/user/mary/follow"' in as_susan.get("/user/mary").text

    assert as_susan.post("/user/mary/follow").status_code == 303
    assert 'action="/user/mary/unfollow"' in as_susan.get("/user/mary").text
    db.session.refresh(mary)
    assert mary.follower_count == 1

    as_susan.post("/user/mary/unfollow")
    db.session.refresh(mary)
    assert mary.follower_count == 0


def test_nobody_can_follow_themselves(as_susan):
    assert '/susan/follow"' not in as_susan.get("/user/susan").text
    assert as_susan.post("/user/susan/follow").status_code == 422


def test_member_edits_their_profile(as_susan, susan):
    assert as_susan.post("/profile/edit", username="Suse", about_me="<b>bold</b>").headers["Location"] == "/user/Suse"

    page = as_susan.get("/user/suse").text
    assert "&lt;b&gt;bold" in page and "<b>bold" not in page


FORM = {"username": "susan", "name": "", "about_me": "", "place": "", "link": ""}


def test_what_a_member_says_is_shown_wherever_they_are_named(app, as_susan, susan, john):
    said = {"name": "Susan <3 \u202eB.", "place": "Utrecht", "link": "example.org/me/"}
    assert as_susan.post("/profile/edit", **FORM | said).status_code == 303
    posts.publish(susan, "Hello")
    messages.send(susan, john, "Hello")
    db.session.commit()

    as_john = Visitor(app).signed_in(john)
    shown = '<bdi>Susan &lt;3 B.</bdi> <span class="handle">@susan</span>'
    for path in (
        "/user/susan",
        "/user/susan/popover",
        "/explore",
        "/user/john/followers",
        "/search?q=susan+%3C3",
        "/messages",
    ):
        assert shown in as_john.get(path).text, path
    page = as_john.get("/user/susan").text
    assert "<bdi>Utrecht</bdi>" in page
    assert '<a href="https://example.org/me/" rel="me nofollow noopener ugc">example.org/me</a>' in page
    for value in ("Susan &lt;3 B.", "Utrecht", "https://example.org/me/"):
        assert f'value="{value}"' in as_susan.get("/profile/edit").text


def test_without_a_name_the_username_is_shown(as_susan, susan):
    as_susan.post("/profile/edit", **FORM | {"name": " \u200b\u0301 "})
    db.session.refresh(susan)
    assert susan.name == "" and "<bdi>" not in as_susan.get("/user/susan").text


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("username", "JOHN"),
        ("username", ""),
        ("about_me", "x" * 141),
        ("name", "x" * 51),
        ("name", "x" + "\u0302" * 100),
        ("place", "x" * 51),
        ("link", "javascript:alert(1)"),
        ("link", "javascript://example.org/%0aalert(1)"),
        ("link", "https://susan@example.org"),
        ("link", "https://exa mple.org"),
        ("link", "nowhere"),
        ("link", "https://[::1"),
        ("link", "https://example.org/" + "x" * 200),
        ("link", "https://example.org/\u202ekrow.elpmaxe"),
    ],
)
def test_wrong_profile_is_refused(as_susan, john, susan, field, value):
    answer = as_susan.post("/profile/edit", **FORM | {field: value})

    assert answer.status_code == 422 and f'aria-describedby="{field}-notes"' in answer.text
    db.session.refresh(susan)
    assert [getattr(susan, name) for name in FORM] == list(FORM.values())


def test_longest_words_are_kept(as_susan, susan):
    longest = {
        "name": "👩‍👧‍👦" * 12,
        "about_me": "ä" * 140,
        "place": "漢" * 50,
        "link": "https://example.org/" + "x" * 180,
    }
    assert as_susan.post("/profile/edit", **FORM | longest).status_code == 303
    db.session.refresh(susan)
    assert {name: getattr(susan, name) for name in longest} == longest


def test_words_about_oneself_are_counted_as_a_person_counts(as_susan, susan):
    family, accented = "\U0001f469\u200d\U0001f469\u200d\U0001f467", "x\u0301"

    for about_me in (family * 40, accented * 140):
        assert as_susan.post("/profile/edit", username="susan", about_me=about_me).status_code == 303
        db.session.refresh(susan)
        assert susan.about_me == about_me
    assert as_susan.post("/profile/edit", username="susan", about_me="x" + "\u0301" * 2800).status_code == 422


def test_popover_is_a_part_of_a_page_with_what_matters(as_susan, susan, john, mary):
    mary.about_me = "<i>hello"
    db.session.commit()

    part = as_susan.get("/user/MARY/popover").text

    assert "<html" not in part and "&lt;i&gt;hello" in part and 'action="/user/mary/follow"' in part
    assert 'action="/user/john/unfollow"' in as_susan.get("/user/john/popover").text
    assert "<form" not in as_susan.get("/user/susan/popover").text
    assert as_susan.get("/user/nobody/popover").status_code == 404
