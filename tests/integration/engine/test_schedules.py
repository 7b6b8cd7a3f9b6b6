"""Tasks that start by the clock. The clock is handed in; a due time is asked for once, whoever looks."""

import dataclasses
import threading
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from app import clock
from app.engine import housekeeping, outbox, registry, schedules
from app.extensions import db
from app.models import Run, ScheduleDue
from app.services import schedules as pauses
from tests.engine_fixtures import wait_for
from tests.processes import PATIENCE_SECONDS
from tests.statements import statements

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


@pytest.fixture
def begun(app: Flask) -> None:
    """Every schedule is known since NOON, and nothing was due yet."""
    assert schedules.ask_for_due(NOON) == 0


def runs_of(name: str) -> int:
    return db.session.scalar(select(func.count()).where(Run.task == name)) or 0


def dues_of(name: str) -> list[ScheduleDue]:
    query = select(ScheduleDue).where(ScheduleDue.task == name).order_by(ScheduleDue.due_at)
    return list(db.session.scalars(query))


def test_a_due_time_is_asked_for_once(begun):
    for moment in (NOON + DAY - MINUTE, NOON + DAY, NOON + DAY, NOON + DAY + MINUTE):
        schedules.ask_for_due(moment)

    assert runs_of("every_day") == 1
    assert [due.due_at for due in dues_of("every_day")] == [NOON, NOON + DAY]
    assert dues_of("every_day")[1].run_id == db.session.scalar(select(Run.id).where(Run.task == "every_day"))


def test_what_was_missed_is_caught_up_once(begun):
    schedules.ask_for_due(NOON + 3 * DAY + timedelta(hours=5))

    assert runs_of("every_day") == 1
    assert [due.due_at for due in dues_of("every_day")] == [NOON, NOON + 3 * DAY]


def test_what_was_missed_is_passed_over_where_the_task_says_so(begun):
    schedules.ask_for_due(NOON + 3 * DAY + timedelta(hours=5))
    assert runs_of("every_day_or_not") == 0
    assert [due.run_id for due in dues_of("every_day_or_not")] == [None, None]

    schedules.ask_for_due(NOON + 4 * DAY + MINUTE)
    assert runs_of("every_day_or_not") == 1, "a little late is not missed"


def test_while_it_is_paused_due_times_are_passed_over_and_not_caught_up(begun, david):
    pauses.pause("every_day", by=david)
    pauses.pause("every_day", by=david)
    db.session.commit()
    schedules.ask_for_due(NOON + DAY)
    pauses.resume("every_day")
    pauses.resume("every_day")
    db.session.commit()

    schedules.ask_for_due(NOON + DAY + MINUTE)
    assert (runs_of("every_day"), runs_of("every_day_or_not")) == (0, 1)

    schedules.ask_for_due(NOON + 2 * DAY)
    assert runs_of("every_day") == 1


def test_a_clock_that_goes_back_asks_for_nothing(begun):
    schedules.ask_for_due(NOON + DAY)

    assert schedules.ask_for_due(NOON - DAY) == 0
    assert schedules.ask_for_due(NOON + DAY) == 0
    assert runs_of("every_day") == 1


def test_no_due_time_is_doubled_or_lost_when_clocks_change(app):
    """The nights of 29 March and 25 October 2026, in whatever zone the server stands."""
    line = registry.find("every_day").schedule
    for night in (datetime(2026, 3, 28, tzinfo=UTC), datetime(2026, 10, 24, tzinfo=UTC)):
        moment, dues = night, []
        while (moment := schedules.next_after(line, moment)) < night + 3 * DAY:
            dues.append(moment)

        assert dues == [night + timedelta(hours=12) + number * DAY for number in range(3)]


def declare(monkeypatch: pytest.MonkeyPatch, line: str | None) -> None:
    """As a deploy would that changes the cron line of `every_day`."""
    changed = dataclasses.replace(registry.find("every_day"), schedule=line)
    monkeypatch.setitem(registry._tasks, "every_day", changed)


@pytest.mark.parametrize(
    ("line", "hours_later", "due_hours"),
    [
        ("0 12 * * *", 20, []),
        ("0 6 * * *", 17, []),  # 6 o'clock was before noon: that it was never asked for is no news
        ("0 6 * * *", 19, [18]),
        ("0 15 * * *", 4, [3]),  # due earlier today: caught up, once
        ("*/15 * * * *", 1, [1]),
    ],
)
def test_a_changed_line_catches_up_with_what_came_after_the_last_due_time(
    begun, monkeypatch, line, hours_later, due_hours
):
    declare(monkeypatch, line)
    for _twice in range(2):
        schedules.ask_for_due(NOON + timedelta(hours=hours_later, minutes=1))

    assert [due.due_at for due in dues_of("every_day")] == [NOON, *(NOON + timedelta(hours=h) for h in due_hours)]
    assert runs_of("every_day") == len(due_hours)


def test_a_task_that_has_lost_its_line_is_asked_for_no_more(begun, monkeypatch):
    declare(monkeypatch, None)

    schedules.ask_for_due(NOON + 2 * DAY)

    assert runs_of("every_day") == 0 and runs_of("every_day_or_not") == 1


def test_a_run_that_is_still_active_is_not_doubled(begun, monkeypatch):
    unique = outbox.request("every_minute", by=None)
    unique_id = unique.id
    db.session.commit()

    schedules.ask_for_due(NOON + MINUTE)
    schedules.ask_for_due(NOON + 2 * MINUTE)

    assert runs_of("every_minute") == 1
    assert [due.run_id for due in dues_of("every_minute")[1:]] == [unique_id, unique_id]


def test_one_task_in_trouble_does_not_keep_the_others_from_their_time(begun, monkeypatch):
    request = outbox.request

    def refuse_one(name, **options):
        if name == "every_day":
            raise RuntimeError("no")
        return request(name, **options)

    monkeypatch.setattr(outbox, "request", refuse_one)
    schedules.ask_for_due(NOON + DAY)
    assert (runs_of("every_day"), runs_of("every_day_or_not")) == (0, 1)

    monkeypatch.undo()
    schedules.ask_for_due(NOON + DAY + MINUTE)
    assert runs_of("every_day") == 1


def test_many_at_once_ask_once(app, begun):
    barrier = threading.Barrier(6)
    asked: list[int] = []

    def ask() -> None:
        with app.app_context():
            for day in range(1, 6):
                barrier.wait()
                asked.append(schedules.ask_for_due(NOON + day * DAY))
            db.session.remove()

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(asked) == 30
    assert runs_of("every_day") == runs_of("every_day_or_not") == 5
    assert len(dues_of("every_day")) == 6


def test_many_processes_ask_once(app, environment, workers):
    """Two workers that sweep twice a second learn at one instant that a day has passed."""
    environment["SCHEDULES"] = "on"
    for _ in range(2):
        workers.ours()
    wait_for_due("every_day", 1).due_at -= DAY
    db.session.commit()

    run = wait_for(wait_for_due("every_day", 2).run_id, lambda run: run.state == "succeeded")

    assert (run.user_id, run.claim) == (None, 1)
    assert (runs_of("every_day"), len(dues_of("every_day"))) == (1, 2)


def wait_for_due(name: str, count: int) -> ScheduleDue:
    until = clock.now() + timedelta(seconds=PATIENCE_SECONDS)
    while len(found := dues_of(name)) < count:
        assert clock.now() < until, found
        db.session.rollback()
        threading.Event().wait(0.05)
    return found[-1]


def test_a_sweep_between_due_times_asks_the_database_once_and_writes_nothing(begun):
    with statements() as seen:
        schedules.ask_for_due(NOON + MINUTE / 2)

    assert [statement.split()[0] for statement in seen] == ["SELECT"]


@pytest.mark.parametrize(("setting", "asked"), [("on", 1), ("off", 0)])
def test_the_setting_stops_the_clock(app, setting, asked):
    app.config["SCHEDULES"] = setting
    schedules.ask_for_due(clock.now() - DAY)

    housekeeping.sweep()

    assert runs_of("every_day") == asked
