"""Messages between two members: what is unread, who hears of it, and what stays when somebody leaves."""

import pytest
from sqlalchemy import select

from app.errors import Invalid, NotAllowed, NotFound
from app.extensions import db
from app.models import Activity, Conversation, Message, Notification
from app.models.block import BLOCK, MUTE
from app.services import blocks, cleaning, messages, partings
from tests.duels import together


def badge(member, name=messages.UNREAD):
    """What the member's pages were last told; None if nothing ever."""
    row = db.session.get(Notification, (member.id, name), populate_existing=True)
    return row.data if row else None


def write(sender, recipient, body="Hello"):
    message = messages.send(sender, recipient, body)
    db.session.commit()
    return message


def open_with(member, other):
    was_unread = messages.read(member, messages.between(member, other))
    db.session.commit()
    return was_unread


def test_a_message_is_unread_until_the_conversation_is_opened(susan, john):
    first = write(john, susan, "One")
    write(john, susan, "Two")
    assert badge(susan) == 2 and badge(john) is None

    assert open_with(susan, john) is True
    assert badge(susan) == 0
    assert db.session.get(Message, first.id, populate_existing=True).read_at is not None
    assert open_with(susan, john) is False


def test_opening_reads_what_was_written_to_one_and_nothing_else(susan, john, mary):
    own = write(susan, john)
    write(mary, susan)
    write(john, susan)

    open_with(susan, john)

    assert badge(susan) == 1 and badge(john) == 1
    assert db.session.get(Message, own.id, populate_existing=True).read_at is None


def test_several_messages_are_one_line_of_the_notifications_which_opening_reads(susan, john):
    write(john, susan)
    write(john, susan)
    line = db.session.scalars(select(Activity).where(Activity.user_id == susan.id)).one()
    assert line.read_at is None and badge(susan, "unread_activity_count") == 1

    open_with(susan, john)

    assert badge(susan, "unread_activity_count") == 0


def test_a_pair_has_one_conversation_whoever_begins(app, susan, john):
    ids = susan.id, john.id

    def write_from(sender, recipient):
        def act(_number):
            members = [db.session.get(type(susan), id) for id in (sender, recipient)]
            messages.send(*members, "Hello")
            db.session.commit()

        return act

    raised = together(app, 3, write_from(*ids), write_from(*reversed(ids)))

    assert raised == []
    assert db.session.query(Conversation).count() == 1
    assert (badge(susan), badge(john)) == (3, 3)
    conversation = messages.between(susan, john)
    newest = messages.written_in(conversation).items[0]
    assert conversation.newest_id == newest.id


@pytest.mark.parametrize("body", ["", " \n\t", "\x00\x07", "x" * 1001])
def test_no_proper_text_is_refused(susan, john, body):
    with pytest.raises(Invalid):
        messages.send(susan, john, body)


def test_a_thousand_characters_are_counted_as_a_person_counts(susan, john):
    assert len(messages.send(susan, john, "é" * 1000).body) == 1000


def test_nobody_writes_to_themselves(susan):
    with pytest.raises(Invalid):
        messages.send(susan, susan, "Hello")


def test_after_a_block_neither_writes_nor_finds_the_conversation(susan, john):
    write(john, susan)
    blocks.put(susan, john, BLOCK)
    db.session.commit()

    for sender, recipient in ((susan, john), (john, susan)):
        with pytest.raises(NotAllowed):
            messages.send(sender, recipient, "Hello")
        assert messages.conversations(sender).items == []


def test_a_muted_member_writes_and_nothing_rings(susan, john):
    blocks.put(susan, john, MUTE)
    write(john, susan, "Psst")

    assert badge(susan) == 0
    assert db.session.query(Activity).count() == 0
    assert [line.newest.body for line in messages.conversations(susan).items] == ["Psst"]


@pytest.mark.parametrize("turn_away", [partings.block, partings.mute])
def test_what_was_unread_rings_no_longer_once_they_turned_away(susan, john, turn_away):
    write(john, susan)
    assert badge(susan) == 1

    turn_away(susan, john)
    db.session.commit()
    assert badge(susan) == 0

    partings.take_back(susan, john, BLOCK if turn_away is partings.block else MUTE)
    db.session.commit()
    assert badge(susan) == 1


def test_the_list_shows_the_last_message_of_each_newest_first(susan, john, mary):
    write(john, susan, "From John")
    write(mary, susan, "From Mary")
    write(susan, john, "To John")
    write(john, mary, "Not susan's to see")

    lines = messages.conversations(susan).items

    assert [(line.other.username, line.newest.body, line.is_own, line.unread) for line in lines] == [
        ("john", "To John", True, 1),
        ("mary", "From Mary", False, 1),
    ]


def test_who_left_stays_as_a_former_member(susan, john, mary):
    begun = write(john, susan, "Farewell").conversation_id
    write(mary, susan)
    db.session.delete(john)
    db.session.commit()

    lines = messages.conversations(susan).items
    assert [line.other.username if line.other else None for line in lines] == ["mary", None]
    conversation = messages.with_former_member(susan, begun)
    assert [message.body for message in messages.written_in(conversation).items] == ["Farewell"]
    messages.read(susan, conversation)
    db.session.commit()
    assert badge(susan) == 1
    with pytest.raises(NotFound):
        messages.with_former_member(mary, begun)


def test_a_conversation_goes_when_both_have_left(susan, john, mary):
    write(john, susan)
    kept = write(mary, susan).conversation_id
    for member in (john, susan):
        db.session.delete(member)
    db.session.commit()

    for row in db.session.execute(messages.left()).all():
        cleaning.remove_conversation(row)
    db.session.commit()

    assert list(db.session.scalars(select(Conversation.id))) == [kept]
    assert list(db.session.scalars(select(Message.conversation_id))) == [kept]
