"""Private messages between two members: writing one, the conversations there are, and what is still unread.

How many are unread is a notification, counted as `activities` has it, so the badge of every open page follows.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, func, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute, joinedload

from app import clock
from app.errors import Invalid, NotAllowed, NotFound
from app.extensions import db
from app.models import Conversation, Message, User, notification
from app.models.activity import MESSAGE
from app.services import activities, blocks, paging, texts
from app.services.paging import Cursor, Page

UNREAD = "unread_message_count"
MAX_LENGTH = 1000
COUNTED = 100  # a badge says "99+" of more


@dataclass(frozen=True)
class Line:
    """A conversation in the list: with whom (None: a former member), its last message, how many are unread."""

    id: int
    other: User | None
    newest: Message
    is_own: bool
    unread: int


def send(member: User, other: User, body: str) -> Message:
    """Write to the other. Raises Invalid for oneself or no proper text, NotAllowed where one blocked the other."""
    body = checked(body)
    if member.id == other.id:
        raise Invalid("You cannot write to yourself.")
    blocks.hold(member.id, other.id)
    if blocks.are_apart(member.id, other.id):
        raise NotAllowed(f"You cannot write to {other.username}.")
    conversation = between(member, other) or _begin(member, other)
    message = Message(conversation_id=conversation.id, sender_id=member.id, recipient_id=other.id, body=body)
    db.session.add(message)
    db.session.flush()
    conversation.newest_id = message.id
    count_again(other.id)
    activities.tell(other.id, MESSAGE, actor_id=member.id)
    return message


def checked(body: str) -> str:
    """The words as they are kept. Raises Invalid when there are none, or too many."""
    return texts.checked(body, "message", MAX_LENGTH)


def between(member: User, other: User) -> Conversation | None:
    """What the two have written to each other so far, or None."""
    low, high = sorted((member.id, other.id))
    pair = (Conversation.low_id == low) & (Conversation.high_id == high)
    return db.session.scalar(select(Conversation).where(pair))


def with_former_member(member: User, conversation_id: int) -> Conversation:
    """The member's conversation with somebody who closed their account. Raises NotFound."""
    is_left = Conversation.low_id.is_(None) | Conversation.high_id.is_(None)
    own = select(Conversation).where(Conversation.id == conversation_id, is_left, _is_of(member))
    found: Conversation | None = db.session.scalar(own)
    if found is None:
        raise NotFound("There is no such conversation of yours.")
    return found


def conversations(member: User, at: Cursor | None = None, size: int = paging.PAGE_SIZE) -> Page[Line]:
    """The member's conversations, where something was written last first; not with whom they are apart."""
    of_member = select(Message).join(Conversation, Conversation.newest_id == Message.id).where(_is_of(member))
    seen = of_member.where(_sees(member, Message.sender_id), _sees(member, Message.recipient_id))
    people = (joinedload(Message.sender), joinedload(Message.recipient))
    page: Page[Any] = paging.read(seen.options(*people), Message, at, size)
    unread = _unread_in(member, [newest.conversation_id for newest in page.items])
    return replace(page, items=[_line(member, newest, unread.get(newest.conversation_id, 0)) for newest in page.items])


def written_in(conversation: Conversation, at: Cursor | None = None, size: int = paging.PAGE_SIZE) -> Page[Message]:
    """The conversation's messages, newest first."""
    return paging.read(select(Message).where(Message.conversation_id == conversation.id), Message, at, size)


def read(member: User, conversation: Conversation) -> bool:
    """The member has read all that was written to them; False where nothing was unread."""
    is_unread = and_(Message.recipient_id == member.id, Message.read_at.is_(None))
    unread = (Message.conversation_id == conversation.id, is_unread)
    if db.session.scalar(select(Message.id).where(*unread).limit(1)) is None:
        return False
    mark = update(Message).where(*unread).values(read_at=clock.now())
    db.session.execute(mark.execution_options(synchronize_session=False))
    count_again(member.id)
    other_id = conversation.high_id if conversation.low_id == member.id else conversation.low_id
    if other_id is not None:
        activities.see_messages(member.id, other_id)
    return True


def count_again(user_id: int) -> None:
    """Set the member's badge when the transaction commits."""

    def count(connection: Connection) -> int:
        found = _unread_of(user_id).limit(COUNTED).subquery()
        return connection.scalar(select(func.count()).select_from(found)) or 0

    notification.collect_count(user_id, UNREAD, count)


def left() -> Select[int]:
    """The ids of conversations of which nobody is here any more."""
    return select(Conversation.id).where(Conversation.low_id.is_(None), Conversation.high_id.is_(None))


def _unread_of(user_id: int) -> Select[int]:
    """Of whom the member blocked or muted nothing is counted."""
    is_unread = (Message.recipient_id == user_id) & Message.read_at.is_(None)
    is_heard = or_(Message.sender_id.is_(None), blocks.hears(user_id, Message.sender_id))
    return select(Message.id).where(is_unread, is_heard)


def _unread_in(member: User, ids: Iterable[int]) -> dict[int, int]:
    is_unread = (Message.recipient_id == member.id) & Message.read_at.is_(None)
    counted = select(Message.conversation_id, func.count()).where(Message.conversation_id.in_(list(ids)), is_unread)
    return {row[0]: row[1] for row in db.session.execute(counted.group_by(Message.conversation_id))}


def _begin(member: User, other: User) -> Conversation:
    """The pair is held, so nobody else begins it at the same time."""
    low, high = sorted((member.id, other.id))
    conversation = Conversation(low_id=low, high_id=high)
    db.session.add(conversation)
    db.session.flush()
    return conversation


def _line(member: User, newest: Message, unread: int) -> Line:
    is_own = newest.sender_id == member.id
    other = newest.recipient if is_own else newest.sender
    return Line(id=newest.conversation_id, other=other, newest=newest, is_own=is_own, unread=unread)


def _is_of(member: User) -> ColumnElement[bool]:
    return or_(Conversation.low_id == member.id, Conversation.high_id == member.id)


def _sees(member: User, column: InstrumentedAttribute[Any]) -> ColumnElement[bool]:
    return or_(column.is_(None), blocks.sees(member.id, column))
