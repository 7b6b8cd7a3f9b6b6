"""The count: what the members were promised, against what the database says became of it."""

from collections import Counter
from dataclasses import dataclass, field

from sqlalchemy import func, select

from app.extensions import db
from app.models import Artifact, Notification, Post, Run, User, run_state
from benchmarks.soak.audit import EFFECTS, ONCE

ENDED_WELL = (run_state.SUCCEEDED, run_state.PARTIAL)


@dataclass
class Verdict:
    """Numbers; those in `wrong` must be 0."""

    accepted: int = 0
    finished: Counter[str] = field(default_factory=Counter)
    effects: int = 0
    exports: int = 0
    told: int = 0
    wrong: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)

    def blame(self, what: str, example: str, count: int = 1) -> None:
        """Something that must not be."""
        self.wrong[what] += count
        if len(self.examples) < 20:
            self.examples.append(f"{what}: {example}")


def count(asks: list[dict], known: list[tuple[int, dict[str, str]]]) -> Verdict:
    """`asks` are the members' (members.Ask), `known` what each open page knew in the end."""
    verdict = Verdict()
    db.session.rollback()
    rows = {row.id: row for row in db.session.scalars(select(Run).execution_options(populate_existing=True))}
    _accepted(verdict, asks, rows)
    for row in rows.values():
        if row.state in run_state.FINISHED:
            verdict.finished[row.state] += 1
        else:
            verdict.blame("lost", f"{row.task} {row.id} is still {row.state} ({row.reason}, claim {row.claim})")
        if row.task == "example_long_task" and row.state == run_state.SUCCEEDED and row.done != 10:
            verdict.blame("missing", f"{row.task} {row.id} says {row.done} of 10")
    _audits(verdict, [row for row in rows.values() if row.task == "audit"])
    _imports(verdict, rows)
    _exports(verdict, rows)
    _notifications(verdict, rows, known)
    return verdict


def _accepted(verdict: Verdict, asks: list[dict], rows: dict[str, Run]) -> None:
    """What was accepted has a row; what got no answer counts as accepted if it has one."""
    by_key = {row.idempotency_key: row for row in rows.values() if row.idempotency_key}
    by_upload = {(row.task, row.args.get("upload_id")) for row in rows.values()}
    distinct = set()
    for ask in asks:
        name = ask["run_id"] or (ask["task"], ask["upload_id"])
        if ask["key"] is not None:
            row = rows.get(ask["run_id"] or "") or by_key.get(ask["key"])
            is_there, name = row is not None, row.id if row else name
        else:
            is_there = (ask["task"], ask["upload_id"]) in by_upload
        if ask["is_accepted"] or (ask["is_accepted"] is None and is_there):
            distinct.add(name)
            if not is_there:
                verdict.blame("lost", f"accepted, but there is no row: {ask}")
    verdict.accepted = len(distinct)


def _audits(verdict: Verdict, audits: list[Run]) -> None:
    """Every row once: all of them where the run ended well, else those it counts as done."""
    written: dict[str, Counter[int]] = {}
    for run_id, item, times in db.session.execute(
        select(EFFECTS.c.run_id, EFFECTS.c.item, func.count()).group_by(EFFECTS.c.run_id, EFFECTS.c.item)
    ):
        written.setdefault(run_id, Counter())[item] = times
    for row in audits:
        found = written.pop(row.id, Counter())
        verdict.effects += found.total()
        twice = found.total() - len(found)
        due = row.args["count"] if row.state in ENDED_WELL else row.done
        have = len(found) - (ONCE in found)
        if twice:
            verdict.blame("doubled", f"audit {row.id} ({row.state}): {twice} of its rows", twice)
        if have != due or (have and ONCE not in found):
            verdict.blame("missing", f"audit {row.id} ({row.state}): {have} of {due} rows, once {found[ONCE]}")
    if written:
        verdict.blame("doubled", f"rows of runs that are not there: {list(written)[:3]}", len(written))


def _imports(verdict: Verdict, rows: dict[str, Run]) -> None:
    """Members' counters and the posts; each import's own number and what it brought, where nothing took it back."""
    of_run = dict(db.session.execute(select(Post.import_run_id, func.count()).group_by(Post.import_run_id)).all())
    undone = {row.args["upload_id"] for row in rows.values() if row.task == "undo_import"}
    for row in rows.values():
        if row.task == "import_posts" and row.state in ENDED_WELL and row.args["upload_id"] not in undone:
            there, says = of_run.get(row.id, 0), row.saved.get("written", 0)
            verdict.effects += there
            if there != says:
                verdict.blame("doubled" if there > says else "missing", f"import {row.id}: {there} posts, says {says}")
    truth = dict(db.session.execute(select(Post.author_id, func.count()).group_by(Post.author_id)).all())
    for user_id, counted in db.session.execute(select(User.id, User.post_count)):
        if counted != truth.get(user_id, 0):
            off = abs(counted - truth.get(user_id, 0))
            verdict.blame("doubled", f"member {user_id} counts {counted} posts, has {truth.get(user_id, 0)}", off)


def _exports(verdict: Verdict, rows: dict[str, Run]) -> None:
    """Whoever exports writes no posts: all of a member's exports are the same bytes."""
    of_member: dict[int, set[str]] = {}
    files = {file.run_id: file for file in db.session.scalars(select(Artifact).where(Artifact.name == "posts.zip"))}
    for row in rows.values():
        if row.task == "export_posts" and row.state == run_state.SUCCEEDED and row.user_id is not None:
            verdict.exports += 1
            if row.id not in files:
                verdict.blame("missing", f"export {row.id} has no file")
                continue
            of_member.setdefault(row.user_id, set()).add(files[row.id].sha256)
    for user_id, digests in of_member.items():
        if len(digests) > 1:
            verdict.blame("differing files", f"member {user_id}: {len(digests)} kinds of export", len(digests) - 1)


def _notifications(verdict: Verdict, rows: dict[str, Run], known: list[tuple[int, dict[str, str]]]) -> None:
    """The database's notification of each run says how it ended, and so does every page that was open."""
    stored: dict[int, dict[str, str]] = {}
    for notice in db.session.scalars(select(Notification).where(Notification.name == "task_progress")):
        stored.setdefault(notice.user_id, {})[notice.key] = notice.data["state"]
        run = rows.get(notice.data["run_id"])
        if run is not None and notice.data["state"] != run.state:
            verdict.blame("untold", f"run {run.id} is {run.state}, its notification says {notice.data['state']}")
    for user_id, states in known:
        for key, state in stored.get(user_id, {}).items():
            verdict.told += 1
            if states.get(key) != state:
                verdict.blame("untold", f"a page of member {user_id} thinks {key} is {states.get(key)}, not {state}")
