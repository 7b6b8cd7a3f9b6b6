"""Reindex: build the search index anew, post by post, while search goes on answering from it."""

from app.engine import Run, task
from app.services import search


@task(title="Reindex posts", unit="posts", unique=lambda _by: "everybody", role="admin")
def reindex_posts(run: Run) -> None:
    """Read every post into the search index again: after a restore, or when the rule for words has changed."""
    put = run.gather(search.put_again)
    for post in run.each(search.all_posts()):
        put(post.id)
    run.result("Every post is in the search index.")
