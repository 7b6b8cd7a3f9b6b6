"""Scan: read a whole upload before anything of it is imported."""

from app.engine import Run, task
from app.services.imports import posting, uploads
from app.services.imports.findings import Findings

LOOK_EVERY = 200
KB = 1024


@task(title="Check an archive", unit="KB", unique="args", quota="60/hour", visible=False)
def scan_archive(run: Run, *, upload_id: str) -> None:
    """Count the posts in an upload, and find out which are new and which cannot be imported."""
    upload, found = uploads.take_up(run.user, upload_id, run.id), Findings()
    run.result(uploads.address(upload))
    with uploads.reading(upload) as file:
        for row in posting.marked(upload.user_id, file.rows()):
            found.note(row)
            if found.total % LOOK_EVERY == 0:
                run.say(f"{found.total:,} posts so far")
                run.report(file.done // KB, file.total // KB)
        found.replaced = file.replaced
        run.result(found.summary)
        run.report(max(file.total // KB, 1), max(file.total // KB, 1))
    uploads.keep_findings(upload, found)
