"""Two tabs, or two members, at one instant: what holds of posts, likes and follows whoever comes first."""

from sqlalchemy import func, select

from app.errors import ProductError
from app.extensions import db
from app.models import Follow, Letter, Mark, Message, Notification, Post, User
from app.models.block import BLOCK
from app.models.mark import LIKE
from app.services import (
    accounts,
    activities,
    blocks,
    confirmations,
    counters,
    follows,
    invitations,
    marks,
    messages,
    partings,
    posts,
    text_messages,
)
from tests.duels import together

ROUNDS = 40


def member(id):
    return db.session.get(User, id)


def commit(action):
    """Do it and commit; that the product says no is an answer too."""
    try:
        action()
        db.session.commit()
    except ProductError:
        db.session.rollback()


def wrong_counters():
    """How many members are counted wrong, says what mends them."""
    db.session.rollback()
    return counters.mend(db.session.scalars(counters.members()).all())


def test_a_like_pressed_twice_at_once_is_one(app, susan, john):
    post_ids = [posts.publish(susan, f"Post {number}").id for number in range(ROUNDS)]
    db.session.commit()
    reader = john.id

    def like(number):
        commit(lambda: marks.put(member(reader), db.session.get(Post, post_ids[number]), LIKE))

    assert not together(app, ROUNDS, like, like)
    assert db.session.scalar(select(func.count()).select_from(Mark)) == ROUNDS


def test_following_twice_at_once_counts_once(app, susan, mary):
    one, other = mary.id, susan.id

    def begin(_number):
        commit(lambda: follows.unfollow(member(one), member(other)))

    def follow(_number):
        commit(lambda: follows.follow(member(one), member(other)))

    assert not together(app, ROUNDS, follow, follow, before=begin)
    assert not wrong_counters()


def test_following_each_other_at_once_does_not_deadlock(app, susan, mary):
    pair = susan.id, mary.id

    def begin(_number):
        for one, other in (pair, pair[::-1]):
            commit(lambda one=one, other=other: follows.unfollow(member(one), member(other)))

    def follow(one, other):
        return lambda _number: commit(lambda: follows.follow(member(one), member(other)))

    assert not together(app, ROUNDS, follow(*pair), follow(*pair[::-1]), before=begin)
    assert not wrong_counters()


def test_who_is_blocked_while_they_follow_does_not_follow(app, susan, mary):
    one, other = mary.id, susan.id
    followed = []

    def begin(_number):
        followed.append(db.session.get(Follow, (one, other)) is not None)
        blocks.take_back(member(other), member(one), BLOCK)
        follows.unfollow(member(one), member(other))
        db.session.commit()

    def follow(_number):
        commit(lambda: follows.follow(member(one), member(other)))

    def block(_number):
        commit(lambda: partings.block(member(other), member(one)))

    assert not together(app, ROUNDS, follow, block, before=begin)
    assert not any(followed), f"{sum(followed)} of {ROUNDS}"
    assert not wrong_counters()


def test_blocking_each_other_at_once_does_not_deadlock(app, susan, john):
    pair = susan.id, john.id

    def begin(_number):
        for one, other in (pair, pair[::-1]):
            blocks.take_back(member(one), member(other), BLOCK)
        for one, other in (pair, pair[::-1]):
            follows.follow(member(one), member(other))
        db.session.commit()

    def block(one, other):
        return lambda _number: commit(lambda: partings.block(member(one), member(other)))

    assert not together(app, ROUNDS, block(*pair), block(*pair[::-1]), before=begin)
    assert db.session.scalar(select(func.count()).select_from(Follow)) == 0
    assert not wrong_counters()


def test_deleting_undoing_and_changing_at_once_counts_right(app, susan):
    post_ids = [posts.publish(susan, f"Post {number}").id for number in range(ROUNDS)]
    author = susan.id
    db.session.commit()

    def delete(number):
        commit(lambda: posts.withdraw(posts.find_own(post_ids[number], member(author))))

    def undo(number):
        commit(lambda: posts.restore(post_ids[number], member(author)))

    def edit(number):
        commit(lambda: posts.edit(posts.find_own(post_ids[number], member(author)), "Other words"))

    assert not together(app, ROUNDS, delete, delete, undo, edit)
    assert not wrong_counters()


def test_of_invitations_asked_for_at_once_five_a_day_go_out(app, susan):
    one = susan.id

    def invite(thread):
        return lambda number: commit(lambda: invitations.send(member(one), f"{thread}-{number}@example.com"))

    assert not together(app, 3, *map(invite, range(4)))
    assert db.session.scalar(select(func.count(Letter.id)).where(Letter.kind == "invitation")) == invitations.A_DAY


def test_of_text_messages_asked_for_at_once_five_a_day_go_out(app, susan):
    one = susan.id

    def write(thread):
        return lambda number: commit(
            lambda: text_messages.write("trial", "+4915112345678", f"{thread}-{number}", member(one))
        )

    assert not together(app, 3, *map(write, range(4)))
    assert db.session.scalar(select(func.count(Letter.id)).where(Letter.channel == "sms")) == 5


def test_of_text_messages_of_all_members_at_once_no_more_go_out_than_the_house_pays_for(app, susan, john, mary, david):
    app.config["SMS_PARTS_A_DAY"] = 7

    def write(one):
        return lambda number: commit(
            lambda: text_messages.write("trial", "+4915112345678", f"{one}-{number}", member(one))
        )

    assert not together(app, 4, *(write(each.id) for each in (susan, john, mary, david)))
    assert db.session.scalar(select(func.count(Letter.id)).where(Letter.channel == "sms")) == 7


def test_badges_are_right_whatever_happens_at_once(app, susan, john):
    pair, post_id = (susan.id, john.id), posts.publish(susan, "Like me").id
    db.session.commit()

    def mention(one, other):
        return lambda number: commit(lambda: posts.publish(member(one), f"@{member(other).username} {number}"))

    def write(one, other):
        return lambda number: commit(lambda: messages.send(member(one), member(other), f"Hello {number}"))

    def like(number):
        act = marks.take_back if number % 2 else marks.put
        commit(lambda: act(member(pair[1]), posts.find(post_id, pair[1]), LIKE))

    def read(number):
        commit(lambda: activities.read_all(member(pair[0]), None))
        commit(lambda: messages.read(member(pair[1]), messages.between(*map(member, pair))) if number else None)

    acts = [act(*each) for act in (mention, write) for each in (pair, pair[::-1])]
    assert not together(app, 15, *acts, like, read)

    for one in map(member, pair):
        assert badge(one, activities.UNREAD) == db.session.scalar(select(activities.unread(one.id)))
        unread = (Message.recipient_id == one.id) & Message.read_at.is_(None)
        assert badge(one, messages.UNREAD) == db.session.scalar(select(func.count(Message.id)).where(unread))
    assert not wrong_counters()


def badge(one, name):
    row = db.session.get(Notification, (one.id, name), populate_existing=True)
    return row.data if row else 0


def test_of_two_that_register_with_one_address_at_once_one_gets_it(app):
    names = ("ada", "eve")

    def register(name):
        def act(number):
            member = accounts.register(f"{name}{number}", f"a{number}@example.com", "a long password")
            confirmations.welcome(member)
            db.session.commit()

        return act

    def confirm(name):
        return lambda number: commit(
            lambda: confirmations.confirm(confirmations.link_token(accounts.named(f"{name}{number}")))
        )

    assert not together(app, 5, *map(register, names))
    assert db.session.scalar(select(func.count(User.id))) == 10
    assert db.session.scalar(select(func.count(Letter.id))) == 10

    assert not together(app, 5, *map(confirm, names))
    assert db.session.scalar(select(func.count(User.id)).where(User.email_confirmed_at.is_not(None))) == 5


def test_of_two_that_register_one_name_at_once_one_gets_it(app):
    refused = []

    def register(address):
        def act(number):
            try:
                accounts.register(f"ada{number}", f"{address}{number}@example.com", "a long password")
                db.session.commit()
            except ProductError as error:
                refused.append(error.message)
                db.session.rollback()

        return act

    assert not together(app, 5, register("a"), register("b"))
    assert db.session.scalar(select(func.count(User.id))) == 5
    assert len(refused) == 5 and "username" in refused[0]
