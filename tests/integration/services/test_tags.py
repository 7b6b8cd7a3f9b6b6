import pytest
from sqlalchemy import insert

from app import clock
from app.errors import NotFound
from app.extensions import db
from app.models import Post, PostTag
from app.services import demo, posts, search, tags
from tests.archives import as_json
from tests.importing import bring_in


def bodies(tag, viewer=None, **options):
    return [post.body for post in tags.posts(tags.named(tag), viewer, **options).items]


def test_a_tag_has_a_page_whatever_its_case_and_script(susan):
    for body in ("one #Garden", "two #garden #日本語", "no garden"):
        posts.publish(susan, body)

    assert bodies("GARDEN") == ["two #garden #日本語", "one #Garden"]
    assert bodies("日本語") == ["two #garden #日本語"]


def test_tags_follow_an_edit(susan):
    post = posts.publish(susan, "one #garden")
    posts.edit(post, "one #balcony #balcony")

    assert (bodies("garden"), bodies("balcony")) == ([], ["one #balcony #balcony"])
    db.session.delete(post)
    db.session.flush()
    assert db.session.query(PostTag).count() == 0


def test_pages_go_on_where_the_last_one_ended(susan):
    for number in range(5):
        posts.publish(susan, f"#x {number}")

    first = tags.posts("x", None, size=3)
    second = tags.posts("x", None, tags.Cursor.parse(first.older), size=3)

    assert [post.body for post in [*first.items, *second.items]] == [f"#x {number}" for number in (4, 3, 2, 1, 0)]
    assert second.older is None


def test_what_is_written_in_bulk_has_its_tags_too(susan, worker):
    bring_in(susan, as_json({"body": "#imported", "timestamp": "2021-05-01T10:00:00Z"}), worker)
    db.session.execute(insert(Post), [{"author_id": susan.id, "body": "#past the session", "created_at": clock.now()}])

    assert (bodies("imported"), bodies("past")) == (["#imported"], [])
    search.put_again(db.session.scalars(search.all_posts()).all())
    search.put_again(db.session.scalars(search.all_posts()).all())
    assert (bodies("imported"), bodies("past")) == (["#imported"], ["#past the session"])


def test_the_demos_posts_are_found_by_their_words_and_tags(app):
    demo.plant()

    assert search.posts("omelette", None).items
    assert db.session.query(PostTag).count() > 20


@pytest.mark.parametrize("tag", ["2021", "two words", "a-b", "x" * 65, "a#b"])
def test_what_can_be_no_tag_is_not_found(app, tag):
    with pytest.raises(NotFound):
        tags.named(tag)
