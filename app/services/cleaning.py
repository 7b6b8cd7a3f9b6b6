"""What nobody can use any more, kind by kind, and how one of each is removed. Nothing here is needed by anything else.

Sign-ins are cookies, and leave nothing behind to clean.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, Select, delete, func, select, update
from sqlalchemy.orm import aliased

from app import clock
from app.engine import artifacts, notices, schedules
from app.extensions import db
from app.models import Conversation, Letter, Notification, Run, ScheduleDue, Upload, notification, run_state
from app.models.letter import DEAD, SENT
from app.services import activities, closing, messages, posts
from app.services.imports import keeping

PARTS_KEPT = timedelta(days=1)
DUES_KEPT = timedelta(days=1)
PLAIN_KEPT = timedelta(days=7)
LETTERS_KEPT = timedelta(days=30)


@dataclass(frozen=True)
class Kind:
    """A kind of litter: its name on the page, what there is (a select or a list), and how one is removed: how many
    things that were. What has no primary key to go by is handed out in ascending order of `key`.
    """

    name: str
    unit: str
    found: Callable[[], Any]
    remove: Callable[[Any], int]
    key: Callable[[Any], Any] | None = None


def runs_over() -> Select[str, int | None]:
    """Id and owner of the runs whose keeping is over.

    The newest success of each task that starts by the clock stays: it tells when the site was last cleaned, and since
    when no canary has come back. Others do not: a forgotten password's names the address.
    """
    by_clock = [task.name for task, _line in schedules.scheduled()]
    is_told_of = (Run.user_id.is_(None), Run.task.in_(by_clock), Run.state == run_state.SUCCEEDED)
    newest = select(func.max(Run.id)).where(*is_told_of).group_by(Run.task)
    return select(Run.id, Run.user_id).where(Run.expires_at < clock.now(), Run.id.not_in(newest))


def remove_run(run: Row[Any]) -> int:
    """Remove the run with its files and its notification, unless it was retried in this very moment."""
    is_over = (Run.id == run.id) & (Run.expires_at < clock.now())
    if db.session.scalar(select(Run.id).where(is_over)) is not None:
        activities.forget_run(run.id)
    gone = delete(Run).where(is_over)
    if not _count(gone):
        return 0
    if run.user_id is not None:
        is_of_run = (Notification.user_id == run.user_id) & (Notification.key == notices.key_of(run.id))
        _count(delete(Notification).where(is_of_run))
    artifacts.remove(run.id)
    return 1


def uploads_over() -> Select[str, str]:
    """Handed-in files of which nothing was imported, once the last run that looked at them is gone."""
    is_looked_at = select(Run.id).where(Run.id == Upload.run_id).exists()
    return select(Upload.id, Upload.storage_key).where(Upload.import_run_id.is_(None), ~is_looked_at)


def remove_upload(upload: Row[Any]) -> int:
    """Remove the upload and its file, unless it was imported in this very moment."""
    is_looked_at = select(Run.id).where(Run.id == Upload.run_id).exists()
    gone = _count(delete(Upload).where(Upload.id == upload.id, Upload.import_run_id.is_(None), ~is_looked_at))
    if gone:
        keeping.remove(upload.storage_key)
    return gone


def imported_files_over() -> Select[str, str]:
    """Files that were imported, once the last run that looked at them is gone: an undo goes by the posts alone."""
    is_looked_at = select(Run.id).where(Run.id == Upload.run_id).exists()
    is_kept = Upload.storage_key != keeping.NO_LONGER_KEPT
    return select(Upload.id, Upload.storage_key).where(Upload.import_run_id.is_not(None), is_kept, ~is_looked_at)


def remove_imported_file(upload: Row[Any]) -> int:
    """Remove the file; its import stays, to be undone."""
    is_it = (Upload.id == upload.id) & (Upload.storage_key == upload.storage_key)
    gone = _count(update(Upload).where(is_it).values(storage_key=keeping.NO_LONGER_KEPT))
    if gone:
        keeping.remove(upload.storage_key)
    return gone


def folders_left() -> list[str]:
    """Folders of unfinished files whose process died."""
    return artifacts.abandoned_parts(clock.now() - PARTS_KEPT)


def remove_folder(name: str) -> int:
    """Remove the folder and what is in it."""
    artifacts.remove_parts(name)
    return 1


def progress_left() -> Select[int, str]:
    """Notifications of the tutorial's plain tasks, which no run takes away with it."""
    is_old = Notification.written_at < clock.now() - PLAIN_KEPT
    is_plain = (Notification.key == notices.NAME) & (Notification.status == notification.PLAIN)
    return select(Notification.user_id, Notification.key).where(is_plain, is_old)


def remove_progress(notice: Row[Any]) -> int:
    """Remove the notification, unless it was written again."""
    is_it = (Notification.user_id == notice.user_id) & (Notification.key == notice.key)
    return _count(delete(Notification).where(is_it, Notification.written_at < clock.now() - PLAIN_KEPT))


def scheduled_tasks() -> list[str]:
    """The tasks of which due times are written down."""
    return sorted(db.session.scalars(select(ScheduleDue.task).distinct()))


def remove_dues(task: str) -> int:
    """Remove the task's old due times, but never the newest: from it on the clock counts."""
    newer = aliased(ScheduleDue)
    newest = select(func.max(newer.due_at)).where(newer.task == task).scalar_subquery()
    is_old = (ScheduleDue.due_at < clock.now() - DUES_KEPT) & (ScheduleDue.due_at < newest)
    return _count(delete(ScheduleDue).where(ScheduleDue.task == task, is_old))


def letters_over() -> Select[int]:
    """Letters written long ago that were sent, or given up and not sent again."""
    return select(Letter.id).where(Letter.state.in_((SENT, DEAD)), Letter.created_at < clock.now() - LETTERS_KEPT)


def remove_letter(letter: Row[Any]) -> int:
    """Remove the letter, unless an admin has just set it going again."""
    return _count(delete(Letter).where(Letter.id == letter.id, Letter.state.in_((SENT, DEAD))))


def remove_post(post: Row[Any]) -> int:
    """Remove a post that its author deleted and can have back no longer."""
    return posts.remove(post.id)


def remove_activity(activity: Row[Any]) -> int:
    """Remove a line of a member's notifications page that is three months old."""
    return activities.remove(activity.id)


def remove_conversation(conversation: Row[Any]) -> int:
    """Remove it with its messages: who wrote them has gone, and who read them."""
    return _count(delete(Conversation).where(Conversation.id == conversation.id))


KINDS = (
    Kind("Runs", "runs", runs_over, remove_run),
    Kind("Imports", "imports", uploads_over, remove_upload),
    Kind("Unfinished files", "folders", folders_left, remove_folder, key=str),
    Kind("Old progress", "notifications", progress_left, remove_progress),
    Kind("Old notifications", "notifications", activities.over, remove_activity),
    Kind("Letters", "letters", letters_over, remove_letter),
    Kind("Due times", "tasks", scheduled_tasks, remove_dues, key=str),
    Kind("Imported files", "files", imported_files_over, remove_imported_file),
    Kind("Deleted posts", "posts", posts.over, remove_post),
    Kind(
        "Posts of ended accounts", "spans of posts", closing.posts_over, closing.remove_posts, key=lambda span: span[0]
    ),
    Kind("Ended accounts", "accounts", closing.over, closing.remove),
    Kind("Conversations nobody is left in", "conversations", messages.left, remove_conversation),
)
STEPS = tuple((kind.name, 1.0, kind.unit) for kind in KINDS)


def summary(removed: Mapping[str, int]) -> str:
    """What who runs the site reads at the end."""
    counted = [f"{name.lower()}: {count:,}" for name, count in removed.items() if count]
    return f"Removed {', '.join(counted)}." if counted else "There was nothing to remove."


def _count(statement: Any) -> int:
    """How many rows it removed."""
    result: Any = db.session.execute(statement.execution_options(synchronize_session=False))
    return int(result.rowcount)
