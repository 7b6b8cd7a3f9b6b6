import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete, event, func, insert, select, text, update

from app.adapters import search as adapter
from app.engine import outbox
from app.extensions import db
from app.models import Post, User
from app.services import posts, search, seeding
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


def named(question, viewer):
    return [one.username for one in search.people(question, viewer.id)]


def test_people_are_found_by_name_and_by_what_they_say_of_themselves(susan, john, mary):
    john.about_me = "Likes susan's posts"
    db.session.commit()

    assert named("SUS", mary) == ["susan", "john"]
    assert named("s", mary)[:1] == named("@susan", mary)[:1] == ["susan"], "however short, and with its sign"
    assert named("%", mary) == []


@pytest.mark.parametrize(
    "question",
    ["Özgür", "ozgur", "ÖZGÜR", "Yıldız Özgür", "ozgur canal cyc", "東京", "京タワー", "🚲", "john cyclist"],
)
def test_people_are_found_by_words_as_posts_are(john, mary, question):
    john.name, john.about_me = "Özgür Yıldız", "Canal cyclist 🚲, 明日は東京タワーへ"
    db.session.commit()

    assert named(question, mary) == ["john"]
    assert named(f"{question} zebra", mary) == []


def test_a_member_is_found_by_what_they_are_called_now_and_not_once_they_are_gone(susan, john, mary):
    john.name = "Kettle Mender"
    db.session.commit()
    john.name = "Parser Mender"
    db.session.commit()
    assert (named("kettle", mary), named("mender", mary)) == ([], ["john"])

    db.session.delete(john)
    db.session.commit()

    assert named("mender", mary) == []
    assert db.session.scalar(text("SELECT count(*) FROM user_search")) == 3


def test_seeded_members_are_found(susan):
    for _ in seeding.plant(3, 0, 0, 7, is_open=False):
        db.session.commit()

    assert named("7 2", susan) == ["member_7_2"]


def test_suspended_people_are_not_shown(susan, john):
    john.is_suspended = True
    db.session.commit()

    assert search.people("john", susan.id) == []


def test_imported_and_seeded_posts_are_put_in_by_who_writes_them(susan):
    rows = [{"author_id": susan.id, "body": f"bulk {n}", "created_at": susan.created_at} for n in range(3)]
    db.session.execute(insert(Post.__table__), rows)

    assert [sum(search.put_beyond(0)), len(found("bulk"))] == [3, 3]


def test_reindexing_mends_the_indexes(write, susan, david, worker):
    write("first", "second", "third")
    db.session.execute(update(Post.__table__).values(body=Post.body + " changed past the session"))
    db.session.execute(update(User.__table__).where(User.id == susan.id).values(about_me="an example"))
    for name in ("post_search", "user_search"):
        db.session.execute(text(f"DELETE FROM {name} WHERE 1 = 1"))
    db.session.commit()
    assert (found("changed"), named("example susan", david)) == ([], [])

    run = outbox.request("reindex_posts", by=david)
    worker.work()

    assert (fresh(run).state, fresh(run).result_text) == ("succeeded", "Every post and member is in the search index.")
    assert (len(found("changed")), named("example susan", david)) == (3, ["susan"])
    assert db.session.scalar(select(db.func.count()).select_from(text("post_search"))) == 3
    assert db.session.scalar(select(db.func.count()).select_from(text("user_search"))) == 4


def test_search_answers_from_the_whole_index_while_it_is_made_anew(susan, david, worker):
    rows = [{"author_id": susan.id, "body": f"common {n}", "created_at": susan.created_at} for n in range(2_500)]
    db.session.execute(insert(Post.__table__), rows)
    list(search.put_beyond(0))
    db.session.commit()
    index = adapter.open_index(db.engine.dialect.name, adapter.POSTS)
    asked = select(func.count()).select_from(index.source).where(index.matches([("common",)]))
    answers = []

    def ask(_connection, _cursor, statement, *_more):
        """Somebody else's question, at each write of the index."""
        if statement.startswith("INSERT") and "post_search" in statement:
            with db.engine.connect() as another:
                answers.append(another.scalar(asked))

    event.listen(Engine, "after_cursor_execute", ask)
    try:
        run = outbox.request("reindex_posts", by=david)
        worker.work()
    finally:
        event.remove(Engine, "after_cursor_execute", ask)

    assert fresh(run).state == "succeeded"
    assert len(answers) >= 2 and set(answers) == {2_500}
