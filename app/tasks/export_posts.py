"""Export: all of a member's posts, oldest first, as text and as JSON, in one zip to download."""

from app.engine import Run, task
from app.services import exports


@task(
    title="Export posts",
    unit="posts",
    steps=(("Writing", 9), ("Packing", 1)),
    quota="10/hour",
    keep_days=7,
)
def export_posts(run: Run) -> None:
    """Write all your posts, as text and as JSON, to an archive you can download."""
    addressed = exports.addressed(run.user)
    with run.artifact("posts.txt", keep=False) as text, run.artifact("posts.json", keep=False) as data:
        for post in run.step("Writing").each(exports.posts_of(run.user)):
            text.write(exports.as_text(post.body, post.created_at, post.visibility))
            opening = ",\n" if data.tell() else exports.JSON_OPENING
            data.write(opening + exports.as_json(post.body, post.created_at, addressed[post.visibility]))
        if not data.is_finished:
            run.saved["posts"] = run.done
            data.write(exports.JSON_CLOSING if data.tell() else exports.JSON_OPENING + exports.JSON_CLOSING)
    run.step("Packing")
    run.archive("posts.zip", text, data, items=run.saved["posts"])
    run.result(exports.summary(run.saved["posts"]))
