import pytest
from sqlalchemy import func, select

from app.errors import Conflict
from app.extensions import db
from app.models import Follow, Post, User
from app.services import accounts, demo, seeding


def rows():
    """What the seed wrote, whatever ids it got."""
    names = dict(db.session.execute(select(User.id, User.username)).all())
    written = db.session.execute(select(Post.author_id, Post.body, Post.created_at).order_by(Post.id))
    followed = db.session.execute(select(Follow.follower_id, Follow.followed_id))
    return (
        [(names[author_id], body, moment) for author_id, body, moment in written],
        sorted((names[one], names[other]) for one, other in followed),
    )


def plant(seed, users=30, posts=200, follows=5, is_open=False):
    for _ in seeding.plant(users, posts, follows, seed, is_open):
        db.session.commit()
    found = rows()
    for table in (Post, Follow, User):
        db.session.execute(db.delete(table))
    db.session.commit()
    return found


def test_same_seed_gives_the_same_rows_and_another_others(app):
    first, second, other = plant(7), plant(7), plant(8)

    assert first == second
    assert [body for _, body, _ in first[0]] != [body for _, body, _ in other[0]]
    assert len(first[0]) == 200 and len(first[1]) == 30 * 5


def test_seed_keeps_the_counters_true(app, monkeypatch):
    monkeypatch.setattr(seeding, "_BATCH", 7)
    for _ in seeding.plant(10, 50, 3, 1, is_open=True):
        db.session.commit()

    member = db.session.scalar(select(User).order_by(User.post_count.desc()))
    written = db.session.scalar(select(func.count()).where(Post.author_id == member.id))
    assert member.post_count == written > 0
    assert db.session.scalar(select(func.sum(User.post_count))) == 50
    assert db.session.scalar(select(func.sum(User.follower_count))) == 30
    assert set(db.session.scalars(select(User.following_count))) == {3}
    assert accounts.authenticate("member_1_0", seeding.PASSWORD)


def test_seed_is_planted_once(app):
    list(seeding.plant(2, 2, 5, 1, is_open=False))

    with pytest.raises(Conflict):
        list(seeding.plant(2, 2, 5, 1, is_open=False))
    assert accounts.authenticate("member_1_0", seeding.PASSWORD) is None


def test_demo_is_planted_once(app):
    demo.plant()
    db.session.commit()
    demo.plant()
    db.session.commit()

    members = {member.username: member for member in db.session.scalars(select(User))}
    assert sorted(members) == ["david", "john", "susan"]
    assert members["david"].is_admin and members["susan"].post_count >= 2000
    assert members["susan"].following_count == members["susan"].follower_count == 1
    assert (
        db.session.scalar(select(func.count(func.distinct(Post.body)).filter(Post.author_id == members["susan"].id)))
        == 2400
    )
    assert accounts.authenticate("susan", "microblog")
