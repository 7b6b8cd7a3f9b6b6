"""`python -m benchmarks.soak --minutes 30 [--database postgresql://…]`: exits 1 if anything was lost or done twice."""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

from app import create_app
from app.extensions import db
from app.models import Post, Run, User, run_state
from app.services import schema, seeding
from benchmarks import house
from benchmarks.soak import audit, faults, verdict
from benchmarks.soak import site as sites
from config import Config
from launch import lifeline

POSTS_EACH = 400
PAGES_PER_MEMBER = 10  # one member's pages alone may ask 20 times a second
SETTLE_SECONDS = 10
DRAIN_SECONDS = 240  # back-offs, and half a minute until what a dead worker had taken is sent again


def options() -> argparse.Namespace:
    """What can be chosen."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--database", default="", help="a PostgreSQL server's URL; a database is made on it (SQLite)")
    parser.add_argument("--members", type=int, default=20)
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--pollers", type=int, default=100, help="open pages that poll (100)")
    parser.add_argument("--every", type=float, default=10, help="seconds from fault to fault (10)")
    parser.add_argument("--pause", type=float, default=15, help="seconds a member waits between two acts (15)")
    parser.add_argument("--seed", type=int, default=1, help="of the dice: who does what when, and what goes wrong")
    parser.add_argument("--keep", action="store_true", help="keep the logs, also when all went well")
    parser.add_argument("--real-leases", action="store_true", help="30 s and sweeps every 5 s, not 5 s and 0.5 s")
    return parser.parse_args()


def main() -> int:
    """The whole of it; 0 if nothing is wrong."""
    chosen = options()
    lease, sweep = ("30", "5") if chosen.real_leases else ("5", "0.5")
    folder = Path(tempfile.mkdtemp(prefix="microblog-soak-"))
    with sites.database(chosen.database) as url:
        os.environ.update(DATABASE_URL=url, LEASE_SECONDS=lease, SWEEP_SECONDS=sweep)
        site = sites.Site(folder, chosen.workers)
        app = create_app(Config(dict(os.environ)))
        kind = "PostgreSQL" if url else "SQLite"
        print(
            f"{kind}, {chosen.minutes:g} minutes, {chosen.members} members, {chosen.pollers} pages, "
            f"{chosen.workers} workers, a fault every {chosen.every:g} s, lease {lease} s, sweep {sweep} s, "
            f"seed {chosen.seed}. Logs: {folder}",
            flush=True,
        )
        with app.app_context():
            plant(chosen)
            try:
                site.start()
                wrong = soak(chosen, app, site, url, folder)
            finally:
                site.end()
                db.session.remove()
                db.engine.dispose()
    if not wrong and not chosen.keep:
        shutil.rmtree(folder)
    return 1 if wrong else 0


def plant(chosen: argparse.Namespace) -> None:
    """Members who can sign in; every other one has posts to export. And members who only have pages open."""
    schema.prepare()
    audit.EFFECTS.metadata.create_all(db.engine)
    others = max(-(-chosen.pollers // PAGES_PER_MEMBER) - chosen.members, 0)
    for _written in seeding.plant(chosen.members + others, 0, 0, chosen.seed, is_open=True):
        db.session.commit()
    members = db.session.scalars(db.select(User).order_by(User.id)).all()
    for place, member in enumerate(members[: chosen.members : 2]):
        rows = [
            {
                "author_id": member.id,
                "body": f"Post {number} of {member.username}",
                "created_at": seeding.FIRST_DAY.replace(minute=place, second=number % 60, microsecond=number),
            }
            for number in range(POSTS_EACH)
        ]
        db.session.execute(db.insert(Post), rows)
        member.post_count = POSTS_EACH
    db.session.commit()


def soak(chosen: argparse.Namespace, app, site: sites.Site, url: str, folder: Path) -> int:
    """Load and faults, then quiet until the last run has ended, then the count."""
    dice, watch, began = random.Random(chosen.seed), faults.Watch(), time.monotonic()
    hammer = faults.Faults(site, url, dice)
    members = db.session.scalars(db.select(User).order_by(User.id)).all()
    names = [member.username for member in members[: chosen.members]]
    cookies = [(member.id, house.Visitor(app, site.port, member).headers["Cookie"]) for member in members]
    db.session.rollback()
    told = {"port": site.port, "names": names, "password": seeding.PASSWORD, "pause": chosen.pause, "seed": chosen.seed}
    pages = [cookies[number % len(cookies)] for number in range(chosen.pollers)]
    with (
        companion("members", told, folder) as living,
        companion("browsers", {"port": site.port, "pages": pages}, folder) as polling,
    ):
        next_fault, next_word, next_look = began + SETTLE_SECONDS, began + 60, 0.0
        while (now := time.monotonic()) < began + 60 * chosen.minutes:
            site.tend()
            hammer.thaw()
            for name, process in (("members", living), ("browsers", polling)):
                if process.poll() is not None:
                    raise SystemExit(f"The {name} ended: see {folder / name}.log.")
            if now >= next_fault:
                name, hit = hammer.strike()
                watch.note(name, hit)
                print(f"{clock(now - began)} {name}", file=sys.stderr, flush=True)
                next_fault += chosen.every
            if now >= next_look:
                watch.look()
                next_look = now + 0.2
            if now >= next_word:
                print(f"{clock(now - began)} {states()}", flush=True)
                next_word += 60
            time.sleep(0.05)
        lived = answer_of(living)
        quiet(site, hammer, watch)
        polled = answer_of(polling)
    return report(chosen, verdict.count(lived["asks"], polled["known"]), watch, lived["seen"], polled)


def quiet(site: sites.Site, hammer: faults.Faults, watch: faults.Watch) -> None:
    """No faults, nobody asks for more: until every run has ended, or it takes too long."""
    hammer.thaw(everything=True)
    began = time.monotonic()
    while time.monotonic() < began + DRAIN_SECONDS and set(states()) - run_state.FINISHED:
        site.tend()
        watch.look()
        time.sleep(0.2)
    print(f"quiet after {time.monotonic() - began:.0f} s: {states()}", flush=True)


def states() -> dict[str, int]:
    """How many runs are in which state."""
    db.session.rollback()
    found = db.session.execute(db.select(Run.state, db.func.count()).group_by(Run.state).order_by(Run.state)).all()
    db.session.rollback()
    return dict(found)


def report(chosen: argparse.Namespace, count: verdict.Verdict, watch: faults.Watch, seen: dict, polled: dict) -> int:
    """Print it; how much is wrong."""
    watch.report()
    polls = sum(value for name, value in polled["seen"].items() if name.isdigit())
    broken = sum(value for name, value in polled["seen"].items() if name.startswith("5"))
    slowest = max(watch.times(""), default=0.0)
    print(f"members' requests            {json.dumps(seen)}")
    print(f"pages' polls                 {json.dumps(polled['seen'])}")
    for name, seconds in polled["seconds"].items():
        house.say(f"a poll, {name}, of {polls:,}", seconds * 1000, unit="ms")
    house.say("polls answered with an error (5xx)", broken, "0")
    for example in count.examples:
        print(f"  {example}")
    print(f"accepted {count.accepted:,}, of {sum(count.finished.values()):,} finished: {json.dumps(count.finished)}")
    print(f"effects counted {count.effects:,}, exports compared {count.exports:,}, runs shown on pages {count.told:,}")
    wrong = {name: count.wrong[name] for name in ("lost", "doubled", "missing", "differing files", "untold")}
    for name, value in wrong.items():
        house.say(name, value, "0")
    house.say("slowest recovery", slowest, unit="s")
    return sum(wrong.values()) + broken


@contextmanager
def companion(name: str, told: dict, folder: Path):
    """A process beside the site that is told something on stdin; it dies with this one."""
    parent = os.getpid()
    with open(folder / f"{name}.log", "wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", f"benchmarks.soak.{name}"],
            cwd=house.ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,
            preexec_fn=lambda: lifeline.die_with(parent),
        )
    process.stdin.write(json.dumps(told).encode() + b"\n")
    process.stdin.flush()
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def answer_of(process: subprocess.Popen) -> dict:
    """End it and hear what it saw."""
    process.terminate()
    return json.loads(process.communicate(timeout=120)[0])


def clock(seconds: float) -> str:
    """Minutes and seconds."""
    return f"{int(seconds) // 60:02}:{int(seconds) % 60:02}"


if __name__ == "__main__":
    sys.exit(main())
