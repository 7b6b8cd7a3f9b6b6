import pytest

from app.errors import Invalid
from app.extensions import db
from app.models import Activity, Post
from app.models.post import FOLLOWERS, ONLY_AUTHOR, PUBLIC
from app.services import follows, posts, sight, threads


@pytest.fixture
def talk(susan, john):
    """Susan, john, susan: each answers the one before."""
    first = posts.publish(susan, "first")
    second = posts.publish(john, "second", reply_to=first)
    third = posts.publish(susan, "third", reply_to=second)
    db.session.commit()
    return first, second, third


def bodies(items):
    return [post.body for post in items]


def gone(post):
    """Deleted, and its row removed."""
    db.session.execute(db.delete(Post).where(Post.id == post.id))
    db.session.expire_all()


def test_a_conversation_is_known_by_the_post_that_began_it(talk, mary):
    first, _, third = talk
    other = posts.publish(mary, "other branch", reply_to=first)

    assert [post.thread_id for post in (*talk, other)] == [None, first.id, first.id, first.id]
    for post in talk:
        assert bodies(threads.whole(post, mary.id).items) == ["first", "second", "third", "other branch"]
    assert bodies(threads.replies(first, mary.id).items) == ["second", "other branch"]
    assert bodies(threads.above(third, mary.id).items) == ["first", "second"]
    assert threads.above(third, mary.id).missing is None


def test_lists_count_replies_and_say_what_a_post_answers(talk, susan):
    first, second, third = talk

    shown = threads.shown(susan.id, talk)

    assert shown.replies == {first.id: 1, second.id: 1}
    assert shown.answered == {
        second.id: threads.Answered("susan", first.id),
        third.id: threads.Answered("john", second.id),
    }
    assert threads.shown(susan.id, []) == threads.Shown({}, {})


@pytest.mark.parametrize("take_away", [posts.withdraw, gone], ids=["marked", "removed"])
def test_a_reply_to_a_deleted_post_stays_and_says_so(talk, susan, take_away):
    first, second, third = talk

    take_away(second)

    third = posts.find(third.id, susan.id)
    assert threads.shown(susan.id, [third]).answered == {third.id: threads.Answered(threads.DELETED)}
    assert threads.shown(susan.id, [posts.find(first.id, susan.id)]).replies == {}
    assert threads.above(third, susan.id).missing == "posts you cannot see any more"
    assert bodies(threads.whole(third, susan.id).items) == ["first", "third"]


def test_what_a_viewer_may_not_see_is_not_counted_nor_named(talk, susan, john, mary):
    first, second, _ = talk
    secret = posts.publish(john, "secret", FOLLOWERS, reply_to=first)
    answer = posts.publish(susan, "answer", FOLLOWERS, reply_to=secret)
    answer.visibility = PUBLIC
    db.session.commit()

    assert threads.shown(mary.id, [first]).replies == {first.id: 1}
    assert threads.shown(mary.id, [answer]).answered == {answer.id: threads.Answered(threads.UNSEEN)}
    assert "secret" not in bodies(threads.whole(first, mary.id).items)
    assert threads.shown(susan.id, [first]).replies == {first.id: 2}


def test_a_reply_is_never_for_more_people_than_what_it_answers(susan, john):
    narrow = posts.publish(susan, "for few", FOLLOWERS)

    with pytest.raises(Invalid):
        posts.publish(john, "for all", PUBLIC, reply_to=narrow)
    reply = posts.publish(john, "for few", FOLLOWERS, reply_to=narrow)
    with pytest.raises(Invalid):
        posts.edit(reply, "for all", PUBLIC)

    told = db.session.query(Activity).filter_by(user_id=susan.id, kind="reply", actor_id=john.id).one()
    assert told.post_id == reply.id
    narrow.visibility = ONLY_AUTHOR
    assert list(posts.visibilities(None, narrow)) == [ONLY_AUTHOR]


def test_who_is_answered_sees_the_reply_whoever_they_follow(susan, mary):
    follows.follow(mary, susan)
    reply = posts.publish(mary, "yes", FOLLOWERS, reply_to=posts.publish(susan, "for few", FOLLOWERS))

    assert not follows.is_following(susan, mary)
    assert sight.may_see(susan.id, reply)


def test_long_conversations_come_in_pages_and_long_chains_are_cut(susan):
    post = first = posts.publish(susan, "0")
    for number in range(1, threads.PAGE_SIZE + 3):
        post = posts.publish(susan, str(number), reply_to=post)

    part = threads.whole(first, susan.id)
    rest = threads.whole(first, susan.id, part.after)
    assert bodies([*part.items, *rest.items]) == [str(number) for number in range(threads.PAGE_SIZE + 3)]
    assert rest.after is None
    above = threads.above(post, susan.id)
    assert len(above.items) == threads.HEIGHT and above.missing == "more posts above"
    assert above.items[-1].id == post.reply_to_id
