"""Undo: take back the posts of one import."""

from app.engine import Run, task
from app.services.imports import posting, uploads


@task(title="Undo import", unit="posts", unique="user", visible=False)
def undo_import(run: Run, *, upload_id: str) -> None:
    """Delete the posts that an import brought, also those you changed since."""
    upload = uploads.take_up(run.user, upload_id, run.id)
    run.result(uploads.address(upload))
    import_id = run.saved.setdefault("import_id", upload.import_run_id)
    if import_id is None:
        run.result("Nothing is left of this import.")
        return
    remove = run.gather(lambda ids: posting.remove(upload.user_id, import_id, ids))
    for post in run.each(posting.of_import(upload.user_id, import_id)):
        remove(post.id)
    uploads.undone(upload)
