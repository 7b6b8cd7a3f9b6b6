from datetime import timedelta

import pytest

from app import clock
from app.extensions import db
from app.models import Follow, Post, User
from app.services import accounts, follows, timeline
from app.services.paging import Cursor
from tests.statements import statements


def write(author, count, minutes_apart=1):
    """Oldest first, the newest just now."""
    now = clock.now()
    db.session.add_all(
        Post(
            author_id=author.id,
            body=f"{author.username} {place}",
            created_at=now - timedelta(minutes=minutes_apart * place),
        )
        for place in reversed(range(count))
    )
    db.session.commit()


def bodies(page):
    return [post.body for post in page.items]


def test_home_holds_own_and_followed_posts_newest_first(susan, john, mary):
    for author in (susan, john, mary):
        write(author, 3)

    page = timeline.home(susan)

    assert sorted(bodies(page)) == sorted(f"{name} {place}" for name in ("susan", "john") for place in range(3))
    assert [post.created_at for post in page.items] == sorted((post.created_at for post in page.items), reverse=True)


def test_unfollowed_member_leaves_home_at_once(susan, john):
    write(john, 1)
    follows.unfollow(susan, john)

    assert bodies(timeline.home(susan)) == []


def test_explore_holds_everybody(susan, john, mary):
    for author in (susan, john, mary):
        write(author, 1)

    assert {post.author.username for post in timeline.explore(None).items} == {"susan", "john", "mary"}


@pytest.mark.parametrize("minutes_apart", [1, 0])
def test_paging_down_and_up_again_meets_every_post_once(susan, minutes_apart):
    write(susan, 23, minutes_apart)

    pages = [timeline.home(susan, size=5)]
    while pages[-1].older:
        pages.append(timeline.home(susan, Cursor.parse(pages[-1].older), 5))
    seen = [body for page in pages for body in bodies(page)]
    assert len(seen) == len(set(seen)) == 23 and pages[0].newer is None

    for expected in reversed(pages[:-1]):
        up = timeline.home(susan, Cursor.parse(page.newer if (page := pages[pages.index(expected) + 1]) else None), 5)
        assert bodies(up) == bodies(expected)
    assert up.newer is None and up.older is not None


def test_posts_written_meanwhile_do_not_shift_older_pages(susan):
    write(susan, 10)
    first = timeline.home(susan, size=5)

    write(susan, 3)

    assert bodies(timeline.home(susan, Cursor.parse(first.older), 5)) == [f"susan {place}" for place in range(5, 10)]


@pytest.mark.parametrize("author_count", [2, 40])
def test_page_takes_one_statement_whatever_the_authors(susan, author_count):
    authors = [User(username=f"a{n}", email=f"a{n}@example.com", password_hash="!") for n in range(author_count)]
    db.session.add_all(authors)
    db.session.flush()
    db.session.add_all(Follow(follower_id=susan.id, followed_id=author.id) for author in authors)
    for author in authors:
        write(author, 1)

    names = {author.username for author in authors}
    db.session.expunge_all()
    member = accounts.named("susan")
    with statements() as seen:
        page = timeline.home(member, size=50)
        assert {post.author.username for post in page.items} == names

    assert len(seen) == 1
