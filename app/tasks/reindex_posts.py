"""Reindex: build the search indexes anew, row by row, while search goes on answering from them."""

from app.engine import Run, task
from app.services import search


@task(
    title="Reindex posts",
    unit="entries",
    steps=(("Posts", 9), ("Members", 1)),
    unique=lambda _by: "everybody",
    role="admin",
)
def reindex_posts(run: Run) -> None:
    """Read posts and members into the search index again: after a restore, or when the rule for words has changed."""
    put = run.gather(search.put_again)
    for post in run.step("Posts").each(search.all_posts()):
        put(post.id)
    put_member = run.gather(search.put_members_again)
    for member in run.step("Members").each(search.all_members()):
        put_member(member.id)
    run.result("Every post and member is in the search index.")
