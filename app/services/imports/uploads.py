"""Handed-in files: keeping them, what became of them, and the three kinds of run there are: scan, import, undo."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import uuid6
from sqlalchemy import Select, delete, select, update

from app import clock
from app.engine import control, outbox
from app.errors import Conflict, NotFound, ProductError
from app.extensions import begin_writing, db
from app.models import Run, Upload, User, run_state
from app.services import runs
from app.services.imports import keeping
from app.services.imports.findings import Findings
from app.services.imports.json_text import Readable
from app.services.imports.reading import Reading, opened

KEPT = 10
CHECKING, REFUSED, READY = "checking", "refused", "ready"
IMPORTING, IMPORTED, UNDOING = "importing", "imported", "undoing"
_BUSY = {"scan_archive": CHECKING, "import_posts": IMPORTING, "undo_import": UNDOING}


@dataclass(frozen=True)
class Standing:
    """An upload as its page shows it; `run` is the newest that deals with it, None once that is tidied away."""

    upload: Upload
    state: str
    run: Run | None
    findings: Findings | None


def receive(user: User, file: Readable, filename: str) -> Upload:
    """Keep the file and ask for its scan. Raises Invalid for an empty or too long one, TooMany."""
    upload_id = str(uuid6.uuid7())
    key = f"uploads/{user.id}/{upload_id}/upload"
    size = keeping.store(file, upload_id, key)
    try:
        run = outbox.request("scan_archive", by=user, args={"upload_id": upload_id})
    except ProductError:
        keeping.remove(key)
        raise
    upload = Upload(
        id=upload_id,
        user_id=user.id,
        filename=keeping.shown(filename),
        size_bytes=size,
        storage_key=key,
        run_id=run.id,
        created_at=clock.now(),
    )
    db.session.add(upload)
    db.session.flush()
    _forget_oldest(user)
    return upload


def of_member(user: User) -> Select[Upload]:
    """The member's uploads, newest first."""
    return select(Upload).where(Upload.user_id == user.id).order_by(Upload.id.desc())


def find(user: User, upload_id: str) -> Upload:
    """The member's own upload. Raises NotFound, also for another member's."""
    found: Upload | None = db.session.scalar(of_member(user).where(Upload.id == upload_id))
    if found is None:
        raise NotFound("There is no such import, or it is not yours to see.")
    return found


def standings(user: User) -> list[Standing]:
    """The member's uploads, newest first, with one more statement for their runs."""
    found = db.session.scalars(of_member(user)).all()
    ids = [upload.run_id for upload in found]
    runs = {run.id: run for run in db.session.scalars(select(Run).where(Run.id.in_(ids)))} if ids else {}
    return [_standing(upload, runs.get(upload.run_id or "")) for upload in found]


def standing(upload: Upload) -> Standing:
    """What became of the upload so far."""
    return _standing(upload, db.session.get(Run, upload.run_id) if upload.run_id else None)


def address(upload: Upload) -> str:
    """The path of its page: where its runs lead to when they end."""
    return f"/imports/{upload.id}"


@contextmanager
def reading(upload: Upload) -> Iterator[Reading]:
    """The posts in the upload. Raises Refused, NotReadable, NotFound when the file is no longer kept."""
    with keeping.opened(upload.storage_key) as file, opened(file) as found:
        yield found


def take_up(user: User, upload_id: str, run_id: str) -> Upload:
    """The upload, for a run of its owner's that begins; its page shows that run from now on. Raises NotFound."""
    upload = find(user, upload_id)
    if upload.run_id != run_id:
        upload.run_id = run_id
    return upload


def begin(upload: Upload, run_id: str) -> tuple[Findings, str]:
    """For an import that begins: what the scan found, and the id its posts carry (the first run's, in a retry too).

    Raises Conflict for an upload that was never scanned to its end.
    """
    if upload.findings is None:
        raise Conflict("This file was not checked to its end yet. Upload it again.")
    if upload.import_run_id is None:
        upload.import_run_id = run_id
    return Findings(**upload.findings), upload.import_run_id


def keep_findings(upload: Upload, findings: Findings) -> None:
    """What the scan found, for the preview; nothing if the upload was discarded meanwhile."""
    _change(upload, findings=findings.as_json())


def confirm(user: User, upload: Upload) -> Run:
    """Import what the preview showed; asked for twice, it is the same run. Raises Conflict."""
    now = _locked(upload)
    if now.state in (IMPORTING, IMPORTED) and now.run is not None:
        return now.run
    if now.state != READY:
        raise Conflict("There is nothing to import here, or not yet.")
    _check_alone(user)
    run = outbox.request("import_posts", by=user, args={"upload_id": upload.id})
    upload.import_run_id = upload.run_id = run.id
    db.session.flush()
    if now.run is not None:
        runs.acknowledge(now.run)  # its result was the preview, which the member has just answered
    return run


def undo(user: User, upload: Upload) -> Run:
    """Take back what the import wrote; asked for twice, it is the same run. Raises Conflict while one writes."""
    now = _locked(upload)
    if now.state == UNDOING and now.run is not None:
        return now.run
    if upload.import_run_id is None:
        raise Conflict("There is nothing to undo here.")
    _check_alone(user)
    run = outbox.request("undo_import", by=user, args={"upload_id": upload.id})
    upload.run_id = run.id
    db.session.flush()
    return run


def undone(upload: Upload) -> None:
    """All that the import wrote is taken back: it could be imported again."""
    _change(upload, import_run_id=None)


def discard(user: User, upload: Upload) -> None:
    """Forget the upload and its file; posts it brought stay. Raises Conflict while one of its runs writes."""
    now = _locked(upload)
    if now.state in (IMPORTING, UNDOING):
        raise Conflict("It is being worked on; cancel that first.")
    if now.run is not None and now.run.is_active:
        control.cancel(now.run, by=user)
    db.session.execute(delete(Upload).where(Upload.id == upload.id))
    keeping.remove(upload.storage_key)


def _locked(upload: Upload) -> Standing:
    """As it is now, and until the caller commits: two clicks at once come one after the other."""
    begin_writing(db.session.connection())
    db.session.refresh(upload, with_for_update=True)
    return standing(upload)


def _check_alone(user: User) -> None:
    """One import or undo at a time: two would meet in the same posts."""
    busy = select(Run.id).where(
        Run.user_id == user.id, Run.state.in_(run_state.ACTIVE), Run.task.in_(("import_posts", "undo_import"))
    )
    if db.session.scalar(busy.limit(1)) is not None:
        raise Conflict("Another import of yours is under way; let it end first.")


def _standing(upload: Upload, run: Run | None) -> Standing:
    findings = Findings(**upload.findings) if upload.findings is not None else None
    if run is not None and run.is_active:
        state = _BUSY[run.task]
    elif upload.import_run_id is not None:
        state = IMPORTED
    else:
        state = READY if findings is not None else REFUSED
    return Standing(upload, state, run, findings)


def _forget_oldest(user: User) -> None:
    """Each member keeps a few uploads; of older ones nothing but the posts remains."""
    for upload in db.session.scalars(of_member(user).offset(KEPT)).all():
        if standing(upload).state not in (IMPORTING, UNDOING):
            discard(user, upload)


def _change(upload: Upload, **values: object) -> None:
    changed = update(Upload).where(Upload.id == upload.id).values(**values)
    db.session.execute(changed.execution_options(synchronize_session=False))
