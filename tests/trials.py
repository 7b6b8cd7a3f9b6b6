"""Tasks that only tests start; worker processes load them by TASK_MODULES=tests.trials."""

import os
import time
from pathlib import Path

from flask import current_app
from sqlalchemy import select

from app.engine import Run, notices, task
from app.errors import Invalid
from app.extensions import db
from app.models import Post, User


@task(title="Shout", unit="posts")
def shout(run: Run) -> None:
    """Make every post of mine louder."""
    for post in run.each(run.user.posts.select()):
        post.body = post.body.upper()


@task(title="Picky", unit="posts", unique=None)
def picky(run: Run) -> None:
    """Mark each post; one that contains "bad" fails after it was half done."""
    for post in run.each(run.user.posts.select()):
        with run.item(post.id):
            post.body = f"[{post.body}]"
            db.session.add(Post(author_id=post.author_id, body=f"copy of {post.id}", source="copy"))
            if "bad" in post.body:
                raise Invalid("This post is bad.")


@task(title="Slow", unit="items", unique=None, retries=0)
def slow(run: Run, *, count: int = 100, seconds: float = 0.02, slow_claims: int | None = None) -> None:
    """Write a post for every number, slowly; with `slow_claims`, later claims hurry.

    A test that meets a run in the middle gives it a middle that lasts, however late the test comes, and a quick end.
    """
    for number in run.each(range(count)):
        if slow_claims is None or run._book.row.claim <= slow_claims:
            time.sleep(seconds)
        db.session.add(
            Post(author_id=run.user.id, body=f"number {number}", source="slow", source_id=f"{run.id} {number}")
        )


@task(title="Paced", unit="steps", retries=0)
def paced(run: Run) -> None:
    """Ten steps, and no more than its test has let it take: it waits for its watchers, however slow they are."""
    for step in run.each(range(10), atomic=1):
        run.sleep(0.3)  # long enough for a notification of its own
        while step >= _steps_allowed():
            run.sleep(0.05)


def pace_file() -> Path:
    """Holds how many steps `paced` may take; without it none."""
    return Path(current_app.instance_path) / "pace"


def _steps_allowed() -> int:
    return int(pace_file().read_text() or 0) if pace_file().exists() else 0


@task(title="Faithful", unit="items", unique=None, retries=0)
def faithful(run: Run, *, count: int = 100, seconds: float = 0.02) -> None:
    """As slow, but it asks for its owner once, and each item is a batch of its own."""
    owner_id = run.user.id
    for number in run.each(range(count), atomic=1):
        time.sleep(seconds)
        db.session.add(Post(author_id=owner_id, body=f"number {number}", source="slow"))


@task(title="Patient", unit="items", unique=None)
def patient(run: Run, *, count: int = 100, seconds: float = 0.02) -> None:
    """As slow, but an error is not the end of it."""
    slow(run, count=count, seconds=seconds)


@task(title="Breaks", unit="items", unique=None, retries=2)
def breaks(run: Run, *, at: int = 5, times: int = 99) -> None:
    """Break at an item, a number of times."""
    for number in run.each(range(10)):
        if number == at and run.attempt <= times:
            raise RuntimeError("a secret detail")


@task(title="Poison", unit="items", unique=None)
def poison(run: Run) -> None:
    """Kill the worker at the same item every time."""
    for number in run.each(range(10), atomic=1):
        if number == 3:
            os._exit(9)


@task(title="Hangs", unit="items", unique=None, stall_after=1)
def hangs(run: Run) -> None:
    """Never come back from the third item, the first time."""
    for number in run.each(range(5), atomic=1):
        if number == 2 and not (run.saved.get("hung")):
            run.saved["hung"] = True
            run.say("about to hang")
            run._book.commit()
            time.sleep(600)


@task(title="Lingers", unit="items", unique=None, timeout=2.5, retries=1)
def lingers(run: Run, *, silently: bool = False) -> None:
    """Take far longer than allowed: item by item, or all in the third item, inside a write or not."""
    for number in run.each(range(1000), atomic=1):
        time.sleep(600 if silently and number == 2 else 0.02)


@task(title="Hoards", unit="items", unique=None, retries=1)
def hoards(run: Run) -> None:
    """In the first claim, at the third item, take memory until there is no more."""
    hoard = []
    for number in run.each(range(5), atomic=1):
        while number == 2 and run._book.row.claim == 1:
            hoard.append(bytes([len(hoard) % 256]) * 64 * 1024)


@task(title="Commits", unit="items", unique=None, retries=0)
def commits(run: Run) -> None:
    """Call commit itself, which a task must not."""
    for _number in run.each(range(3)):
        db.session.commit()


@task(title="Once", unit="items", unique=None)
def once(run: Run) -> None:
    """Have an effect exactly once, however often the body is begun."""
    run.once("hello", _say_hello, run.user.id)
    for number in run.each(range(4), atomic=1):
        if number == 2 and run.attempt == 1:
            raise RuntimeError("again, please")


def _say_hello(user_id: int) -> int:
    post = Post(author_id=user_id, body="hello", source="once")
    db.session.add(post)
    db.session.flush()
    return post.id


@task(title="Thorough", unit="items", unique=None, retries=0)
def thorough(run: Run) -> None:
    """Write in every way there is: an effect that is had once, items in a SAVEPOINT, and a file."""
    run.once("hello", _say_hello, run.user.id)
    with run.artifact("numbers.txt") as file:
        for number in run.each(range(2), atomic=1):
            with run.item(number):
                _note(run, number)
            file.write(f"{number}\n")


@task(title="Two steps", unit="posts", steps=(("Reading", 1), ("Writing", 3)), unique=None)
def two_steps(run: Run, *, count: int = 10) -> None:
    """Two loops, each a step."""
    for _number in run.step("Reading").each(range(count)):
        pass
    for _number in run.step("Writing").each(iter(range(count))):
        pass


@task(title="Greedy", unique="args", quota="3/hour")
def greedy(run: Run, *, number: int) -> None:
    """Unique by its arguments, three an hour."""


@task(title="Rationed", unique=None, quota="5/hour")
def rationed(run: Run) -> None:
    """Five an hour."""


@task(title="For admins", role="admin")
def for_admins(run: Run) -> None:
    """Only an admin starts this."""


@task(title="For the house", unit="members", unique=None, visible=False)
def for_the_house(run: Run) -> None:
    """A run without an owner."""
    for _user in run.each(select(User)):
        pass


@task(title="Letters", queue="microblog-high", short=True, unique=None)
def short_one(run: Run) -> None:
    """Short work on the high queue."""


@task(title="Foreign", unit="seconds", unique=None)
def foreign(run: Run, *, break_at: int = -1) -> None:
    """A foreign loop that cannot go on from a cursor."""
    for done in range(11):
        time.sleep(0.06)
        if done == break_at and run.attempt == 1:
            raise RuntimeError("start over")
        run.report(done, 10)
        run.saved.setdefault(f"shown in attempt {run.attempt}", []).append(notices.shown_percent(run._book.row))


@task(title="Every day", unique=None, visible=False, schedule="0 12 * * *")
def every_day(run: Run) -> None:
    """Started by the clock; what was missed is caught up once."""


@task(title="Every day or not", unique=None, visible=False, schedule="0 12 * * *", missed="skip")
def every_day_or_not(run: Run) -> None:
    """Started by the clock; what was missed is passed over."""


@task(title="Every minute", visible=False, schedule="* * * * *")
def every_minute(run: Run) -> None:
    """Started by the clock, one at a time."""


@task(title="Leaves early", unique=None)
def leaves_early(run: Run) -> None:
    """Break out of the loop at the fourth item."""
    for number in run.each(range(10)):
        if number == 3:
            break


@task(title="Skips", unique=None)
def skips(run: Run) -> None:
    """Skip every other item."""
    for number in run.each(range(10)):
        if number % 2:
            run.skip()


@task(title="Lazy", unique=None)
def lazy(run: Run) -> None:
    """A generator that must not be read ahead of the body."""
    done = []

    def numbers():
        for number in range(50):
            assert len(done) == number, "read ahead"
            yield number

    for number in run.each(numbers()):
        done.append(number)


@task(title="Two words")
def two_words(run: Run, *, word: str) -> None:
    """One active run a member, whatever the word."""


@task(title="Names a file", unique=None, retries=0)
def names_a_file(run: Run, *, name: str) -> None:
    """Leave a file under that name, with its name in it."""
    with run.artifact(name) as file:
        file.write(name)


@task(title="Repeats", unit="words", unique=None, retries=0)
def repeats(run: Run, *, words: str) -> None:
    """Say the words wherever a task can say something: beside the bar, of an item, at its end."""
    for number in run.each(range(2), atomic=1):
        run.say(words)
        with run.item(f"{number} {words}"):
            if number:
                raise Invalid(words)
    run.result(words)


@task(title="Odd", unique=None, retries=1)
def odd(run: Run, *, how: str) -> None:
    """Things a task should not do, or that go wrong in odd ways."""
    _ODD[how](run)


def _note(run: Run, text: object) -> None:
    db.session.add(Post(author_id=run.user.id, body=str(text), source="odd", source_id=f"{run.id} {text}"))


def _limited(run: Run) -> None:
    for post in run.each(select(Post).limit(3)):
        post.body = "changed"


def _joined(run: Run) -> None:
    for _row in run.each(select(User.id, Post.id).join(Post, Post.author_id == User.id)):
        pass


def _nested(run: Run) -> None:
    for _outer in run.each(range(3)):
        for _inner in run.each(range(3)):
            pass


def _breaks_and_goes_on(run: Run) -> None:
    for number in run.each(range(10), atomic=100):
        _note(run, f"A{number}")
        if number == 5:
            break
    for number in run.each(range(10), atomic=1):
        _note(run, f"B{number}")
        if number == 5 and run.attempt == 1:
            raise RuntimeError("again")


def _rolls_back(run: Run) -> None:
    for number in run.each(range(3)):
        _note(run, number)
        if number == 1:
            db.session.rollback()


def _removes(run: Run) -> None:
    for number in run.each(range(3)):
        _note(run, number)
        db.session.remove()


def _nested_items(run: Run) -> None:
    for number in run.each(range(2)):
        with run.item(number):
            _note(run, f"outer {number}")
            with run.item(f"inner {number}"):
                _note(run, f"inner {number}")
                raise Invalid("inner")
            _note(run, f"after {number}")
            raise Invalid("outer")


def _exits(run: Run) -> None:
    for number in run.each(range(3)):
        if number == 1:
            raise SystemExit(3)


def _says_half_a_character(run: Run) -> None:
    for _number in run.each(range(1)):
        run.say("a\x00b\ud83d")
        with run.item("k\x00"):
            raise ValueError("\ud800\x00")


def _writes_a_file_twice(run: Run) -> None:
    for text in ("one", "two"):
        with run.artifact("a.txt") as file:
            file.write(text)


def _once_that_fails(run: Run) -> None:
    for _try in range(2):
        try:
            run.once("k", _write_and_fail, run)
        except Invalid:
            pass


def _write_and_fail(run: Run) -> None:
    _note(run, "effect")
    db.session.flush()
    raise Invalid("no")


_ODD = {
    "limited": _limited,
    "joined": _joined,
    "nested": _nested,
    "breaks": _breaks_and_goes_on,
    "rolls back": _rolls_back,
    "removes": _removes,
    "nested items": _nested_items,
    "exits": _exits,
    "half a character": _says_half_a_character,
    "file twice": _writes_a_file_twice,
    "once fails": _once_that_fails,
    "set": lambda run: list(run.each({"b", "a"})),
}


@task(title="Long item", unique=None)
def long_item(run: Run, *, seconds: float) -> None:
    """Two items, each longer than a lease."""
    for _number in run.each(range(2)):
        time.sleep(seconds)
