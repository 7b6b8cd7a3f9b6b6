"""Import: add the posts of a scanned upload that are not here yet. Nobody is told of them."""

from collections.abc import Sequence

from app.engine import Run, task
from app.services.imports import posting, rows, uploads


@task(title="Import posts", unit="posts", unique="user", visible=False)
def import_posts(run: Run, *, upload_id: str) -> None:
    """Add the posts of an upload you have looked at; those that are here already are skipped."""
    upload = uploads.take_up(run.user, upload_id, run.id)
    found, import_id = uploads.begin(upload, run.id)
    run.result(uploads.address(upload))

    def write(batch: Sequence[rows.Row]) -> None:
        run.saved["written"] = run.saved.get("written", 0) + posting.add(upload.user_id, import_id, batch)

    add = run.gather(write)
    with uploads.reading(upload) as file:
        for row in run.each(posting.marked(upload.user_id, file.rows()), total=found.total):
            with run.item(row.name):
                rows.check(row)
                if row.is_here:
                    run.skip()
                else:
                    add(row)
    run.result(posting.summary(run.saved.get("written", 0)))
