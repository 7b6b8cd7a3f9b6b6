import pytest

from app.extensions import db
from app.models import Activity
from app.models.post import FOLLOWERS, PUBLIC
from app.services import mentions, partings, posts, references
from tests.statements import statements


def told():
    db.session.commit()
    rows = db.session.query(Activity).order_by(Activity.id)
    return [(row.kind, row.user_id, row.post_id) for row in rows]


def test_the_members_a_post_names_are_told_once(susan, john, mary):
    post = posts.publish(susan, "hello @John, @john, @mary, @susan and @nobody")

    assert told() == [("mention", john.id, post.id), ("mention", mary.id, post.id)]


def test_an_edit_tells_whom_it_names_anew_and_forgets_whom_it_names_no_more(susan, john, mary):
    post = posts.publish(susan, "hello @john")
    told()
    posts.edit(post, "hello @john and @mary")
    assert told() == [("mention", john.id, post.id), ("mention", mary.id, post.id)]

    posts.edit(post, "hello @mary")

    assert told() == [("mention", mary.id, post.id)]


def test_nobody_is_told_of_what_they_may_not_see(susan, john, mary):
    post = posts.publish(susan, "hello @john and @mary", FOLLOWERS)

    assert told() == [("mention", john.id, post.id)]


def test_who_is_named_is_told_when_the_post_becomes_theirs_to_see(susan, john, mary):
    post = posts.publish(susan, "hello @john and @mary", FOLLOWERS)
    told()

    posts.edit(post, post.body, PUBLIC)

    assert told() == [("mention", john.id, post.id), ("mention", mary.id, post.id)]


def test_who_is_answered_is_told_of_the_answer_alone(susan, john, mary):
    first = posts.publish(john, "first")
    reply = posts.publish(susan, "@john @mary yes", reply_to=first)

    assert told() == [("reply", john.id, reply.id), ("mention", mary.id, reply.id)]


@pytest.mark.parametrize(("bodies", "count"), [(["plain", "mail a@b.c"], 0), (["@john", "@mary @x", "@John"], 1)])
def test_a_list_asks_once_at_the_most_for_the_names_in_it(susan, john, mary, bodies, count):
    viewer_id = susan.id

    with statements() as seen:
        known = mentions.known(bodies, viewer_id)

    assert len(seen) == count
    assert known == set().union(*map(references.names, bodies)) - {"x"}


def test_a_name_leads_nowhere_where_a_block_keeps_apart(susan, john, mary):
    partings.block(susan, john)
    db.session.commit()

    seen_by = {viewer.username: mentions.known(["@susan @john"], viewer.id) for viewer in (susan, john, mary)}

    assert seen_by == {"susan": {"susan"}, "john": {"john"}, "mary": {"susan", "john"}}
