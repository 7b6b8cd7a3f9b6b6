"""What items hand in is written once a batch, with the cursor that covers it, or not at all."""

from sqlalchemy import func, insert, select

from app.engine import Run, outbox, task
from app.engine.gathering import ENOUGH
from app.extensions import db
from app.models import Post
from tests.engine_fixtures import fresh
from tests.statements import statements


@task(title="Gathers", unit="posts", unique=None, retries=1)
def gathers(run: Run, *, count: int = 10, break_at: int = -1, bad: int = -1) -> None:
    """Write a post for every number, many at once; break at one, or fail one."""

    def write(bodies: list[str]) -> None:
        run.saved["written"] = run.saved.get("written", 0) + len(bodies)
        db.session.execute(insert(Post), [{"author_id": run.user.id, "body": body} for body in bodies])

    add = run.gather(write)
    for number in run.each(range(count)):
        if number == break_at and run.attempt == 1:
            raise RuntimeError("again, please")
        with run.item(number):
            if number == bad:
                raise ValueError("bad")
            add(f"number {number}")


def bodies():
    return db.session.scalars(select(Post.body).order_by(Post.id)).all()


def test_many_items_are_one_statement(susan, worker):
    run = outbox.request("gathers", by=susan, args={"count": 2 * ENOUGH})
    with statements() as seen:
        worker.work()

    assert (fresh(run).state, run.saved["written"]) == ("succeeded", 2 * ENOUGH)
    assert bodies() == [f"number {number}" for number in range(2 * ENOUGH)]
    assert sum(statement.startswith("INSERT INTO post") for statement in seen) < ENOUGH / 10


def test_a_failed_item_hands_nothing_in(susan, worker):
    run = outbox.request("gathers", by=susan, args={"count": 5, "bad": 2})
    worker.work()

    assert (fresh(run).state, run.failed_count) == ("partial", 1)
    assert bodies() == ["number 0", "number 1", "number 3", "number 4"]


def test_what_was_handed_in_before_an_error_is_written_once(susan, worker):
    run = outbox.request("gathers", by=susan, args={"count": 50, "break_at": 33})
    worker.work()

    assert (fresh(run).state, run.done, run.saved["written"]) == ("retrying", 33, 33)
    assert db.session.scalar(select(func.count(Post.body.distinct()))) == len(bodies()) == 33
