"""Private messages: the member's conversations, reading one, and writing in it."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from app.extensions import db, limiter
from app.models import Conversation, User
from app.services import blocks, messages, profiles
from app.services.paging import Cursor, Page
from app.web.forms.messages import MessageForm

bp = Blueprint("messages", __name__, url_prefix="/messages")

TOO_OFTEN = "That was a lot of messages. Wait a little, then write on."


def _member() -> str:
    return f"messages {current_user.get_id()}"


@bp.get("")
@login_required
def index() -> ResponseReturnValue:
    """Whom the member writes with."""
    page = messages.conversations(current_user, Cursor.parse(request.args.get("at")))
    return render_template("messages/index.html", page=page)


@bp.get("/<username>")
@login_required
def show(username: str) -> ResponseReturnValue:
    """What the two wrote; opening it is reading it."""
    other = profiles.find_even_blocked(current_user, username)
    if other.id == current_user.id:
        return redirect(url_for("messages.index"), 303)
    return _page(other, messages.between(current_user, other), MessageForm())


@bp.post("/<username>")
@login_required
@limiter.limit("30 per minute;500 per hour", key_func=_member, error_message=TOO_OFTEN)
def send(username: str) -> ResponseReturnValue:
    """Write to them."""
    other = profiles.find_even_blocked(current_user, username)
    form = MessageForm()
    if not form.validate():
        return _page(other, messages.between(current_user, other), form), 422
    messages.send(current_user, other, form.body.data or "")
    db.session.commit()
    return redirect(url_for("messages.show", username=other.username, _anchor="write"), 303)


@bp.get("/former/<int(max=2147483647):conversation_id>")
@login_required
def former(conversation_id: int) -> ResponseReturnValue:
    """What was written with somebody who closed their account."""
    return _page(None, messages.with_former_member(current_user, conversation_id), None)


def _page(other: User | None, conversation: Conversation | None, form: MessageForm | None) -> str:
    at = Cursor.parse(request.args.get("at"))
    if conversation is not None and messages.read(current_user, conversation):
        db.session.commit()
    page = messages.written_in(conversation, at) if conversation is not None else Page([], None, None)
    is_apart = other is not None and blocks.are_apart(current_user.id, other.id)
    return render_template(
        "messages/show.html", other=other, page=page, form=None if is_apart else form, is_apart=is_apart
    )
