"""SQLite with a web process and four workers all writing: 100,000 posts imported while pages go on writing.

Worth having: no "database is locked", and the p95 of the web's own writes at most 100 ms.
"""

import threading
import time

from app.engine import Run, outbox, task
from app.extensions import db
from app.models import Post, User
from app.models import Run as Row
from benchmarks import house

POSTS, WORKERS = 100_000, 4


@task(title="Write posts", unit="posts", unique=None, visible=False)
def benchmark_write(run: Run, *, count: int) -> None:
    """Write posts, one an item."""
    author_id = run.user.id
    for number in run.each(range(count)):
        db.session.add(Post(author_id=author_id, body=f"Imported post number {number}"))


def main() -> None:
    """Measure and print."""
    with house.open_house(users=WORKERS) as app:
        workers = [house.process("flask", "worker", TASK_MODULES="benchmarks.contention") for _ in range(WORKERS)]
        entered = [worker.__enter__() for worker in workers]
        assert all(child.poll() is None for child in entered)
        time.sleep(5)
        quiet = _write_for(app, lambda: len(quiet_times) < 200, quiet_times := [], [])
        members = db.session.query(User).order_by(User.id).all()
        runs = [
            outbox.request("benchmark_write", by=member, args={"count": POSTS // WORKERS})
            for member in members[:WORKERS]
        ]
        run_ids = [run.id for run in runs]
        db.session.commit()
        busy_times: list[float] = []
        errors: list[Exception] = []
        began = time.monotonic()
        writer = threading.Thread(target=_write_for, args=(app, lambda: not _are_over(run_ids), busy_times, errors))
        writer.start()
        writer.join()
        seconds = time.monotonic() - began
        attempts = [db.session.get(Row, run_id, populate_existing=True).attempt for run_id in run_ids]
        for worker in workers:
            worker.__exit__(None, None, None)
    assert quiet is None
    house.say("a web write while nothing else writes, p95", house.percentile(quiet_times, 0.95) * 1000, unit="ms")
    house.say("a web write while four workers write, p50", house.percentile(busy_times, 0.5) * 1000, unit="ms")
    house.say("a web write while four workers write, p95", house.percentile(busy_times, 0.95) * 1000, "<= 100", "ms")
    house.say("errors", len(errors), "0")
    house.say("attempts beyond the first", sum(attempts) - len(attempts), "0")
    house.say("posts imported a second", POSTS / seconds, unit="/s")


def _write_for(app, goes_on, times: list[float], errors: list[Exception]) -> None:
    """Publish a post every 20 ms, as a request does, and note how long each took."""
    with app.app_context():
        author_id = db.session.query(User.id).order_by(User.id).first()[0]
        while goes_on():
            began = time.perf_counter()
            try:
                db.session.add(Post(author_id=author_id, body="from the web"))
                db.session.commit()
            except Exception as error:
                errors.append(error)
                db.session.rollback()
            times.append(time.perf_counter() - began)
            time.sleep(0.02)
        db.session.remove()


def _are_over(run_ids: list[str]) -> bool:
    db.session.rollback()
    rows = db.session.query(Row.state).where(Row.id.in_(run_ids)).all()
    return all(row.state in ("succeeded", "failed", "partial") for row in rows)


if __name__ == "__main__":
    main()
