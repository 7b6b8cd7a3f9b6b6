import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select, text, update

from app.engine import outbox
from app.extensions import db
from app.models import Post
from app.services import posts, search
from tests.engine_fixtures import fresh


@pytest.fixture
def write(susan):
    def write(*bodies):
        written = [posts.publish(susan, body) for body in bodies]
        db.session.commit()
        return written

    return write


def found(question):
    return [post.body for post in search.posts(question, None).items]


def test_a_post_is_found_by_any_of_its_words_in_any_case(write):
    write("The Quick brown fox", "a slow fox")

    assert found("quick") == ["The Quick brown fox"]
    assert found("FOX brown") == ["The Quick brown fox"]
    assert found("fox") == ["a slow fox", "The Quick brown fox"]


def test_every_word_must_be_there(write):
    write("red apple", "red pear")

    assert found("red pear") == ["red pear"]
    assert found("red plum") == []


def test_the_last_word_may_be_a_beginning(write):
    write("microblogging is fun")

    assert found("micro") == found("fun microblog") == ["microblogging is fun"]
    assert found("microblog fun") == []
    assert found("mi") == []  # two letters begin too many words


def test_accents_do_not_count(write):
    write("Café au lait")

    assert found("cafe") == found("CAFÉ") == ["Café au lait"]


@pytest.mark.parametrize("question", ["東京", "京タワー", "タ", "去東京"])
def test_chinese_and_japanese_are_found_by_any_part(write, question):
    write("明日は東京タワーへ行く", "我們去東京", "京都の東")

    assert found(question)
    assert "京都の東" not in found(question)


def test_a_hashtag_and_a_picture_are_found(write):
    write("we won #football 🎉")

    assert found("#football") == found("🎉") == ["we won #football 🎉"]


def test_an_edited_post_is_found_by_its_new_words_alone(write):
    (post,) = write("old words")
    posts.edit(post, "new words")
    db.session.commit()

    assert (found("old"), found("new")) == ([], ["new words"])


def test_a_deleted_post_is_found_no_more(write):
    (post,) = write("soon gone")
    posts.withdraw(post)
    db.session.commit()

    assert found("gone") == []
    db.session.delete(post)
    db.session.commit()
    assert db.session.scalar(text("SELECT count(*) FROM post_search")) == 0


def test_a_member_s_posts_leave_the_index_with_the_member(write, susan):
    write("of a member")
    db.session.execute(delete(Post))
    db.session.commit()

    assert db.session.scalar(text("SELECT count(*) FROM post_search")) == 0


def test_a_post_that_is_rolled_back_is_not_found(write, susan):
    posts.publish(susan, "never said")
    db.session.rollback()

    assert found("never") == []


def test_pages_go_on_where_the_last_one_ended(write):
    write(*(f"common {number}" for number in range(search.PAGE_SIZE + 3)))

    first = search.posts("common", None)
    second = search.posts("common", None, first.before)

    bodies = [post.body for post in [*first.items, *second.items]]
    assert bodies == [f"common {number}" for number in reversed(range(search.PAGE_SIZE + 3))]
    assert second.before is None


@pytest.mark.parametrize(
    "question",
    [
        'a"b',
        "#tag",
        "AND",
        "OR NOT",
        "NEAR(a b)",
        "a*",
        "^a",
        "x:y",
        "(",
        "'",
        "\\",
        "a & b | !c",
        "<->",
        "%",
        "",
        " ",
        "🏳️‍🌈",
        "a" * 9999,
    ],
)
def test_any_string_is_a_question(write, question):
    write("something")

    assert search.posts(question, None).before is None
    search.people(question, 1)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.text(max_size=40).filter(lambda text: "\0" not in text and not any("\ud800" <= one <= "\udfff" for one in text))
)
def test_any_text_can_be_written_and_asked_for(write, body):
    db.session.add(Post(author_id=1, body=body))
    db.session.flush()

    search.posts(body, None)

    db.session.rollback()


def test_people_are_found_by_name_and_by_what_they_say_of_themselves(susan, john, mary):
    john.about_me = "Likes susan's posts"
    db.session.commit()

    assert [one.username for one in search.people("SUS", mary.id)] == ["susan", "john"]
    assert search.people("%", mary.id) == []


def test_suspended_people_are_not_shown(susan, john):
    john.is_suspended = True
    db.session.commit()

    assert search.people("john", susan.id) == []


def test_imported_and_seeded_posts_are_put_in_by_who_writes_them(susan):
    rows = [{"author_id": susan.id, "body": f"bulk {n}", "created_at": susan.created_at} for n in range(3)]
    db.session.execute(insert(Post.__table__), rows)

    assert [sum(search.put_beyond(0)), len(found("bulk"))] == [3, 3]


def test_reindexing_mends_the_index_and_answers_all_along(write, susan, david, worker):
    write("first", "second", "third")
    db.session.execute(update(Post.__table__).values(body=Post.body + " changed past the session"))
    db.session.execute(text("DELETE FROM post_search WHERE 1 = 1"))
    db.session.commit()
    assert found("changed") == []

    run = outbox.request("reindex_posts", by=david)
    db.session.commit()
    worker.work()

    assert (fresh(run).state, fresh(run).done) == ("succeeded", 3)
    assert len(found("changed")) == 3
    assert db.session.scalar(select(db.func.count()).select_from(text("post_search"))) == 3
