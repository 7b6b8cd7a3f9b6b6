"""The fault lab's page: for admins alone, not there in production, and what it starts carries its fault."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app import create_app, models
from app.engine import faults
from app.extensions import db
from app.models import Run
from app.services import lab
from config import Config
from tests.application import login
from tests.engine_fixtures import InProcessWorker, fresh, timeline

CRASH = {
    "task": "rehearse",
    "fault": "crash",
    "count": "8",
    "seconds": "0.1",
    "fault-at": "5",
    "fault-often": "once",
}


@pytest.fixture
def admin(client: FlaskClient, david: models.User) -> models.User:
    login(client, david)
    return david


@pytest.fixture(autouse=True)
def redis_switch(app: Flask):
    """Whatever a test cuts off is reachable again afterwards."""
    yield
    faults.cut_redis(0)


def newest() -> Run:
    return db.session.scalars(select(Run).order_by(Run.id.desc()).limit(1)).one()


@pytest.mark.parametrize(("role", "status"), [("member", 403), ("moderator", 403), ("admin", 200)])
def test_only_an_admin_gets_in(client: FlaskClient, david: models.User, role: str, status: int) -> None:
    david.role = role
    db.session.commit()
    login(client, david)

    assert client.get("/lab").status_code == status
    assert client.post("/lab", data=CRASH).status_code == (303 if status == 200 else status)
    assert db.session.query(Run).count() == (1 if status == 200 else 0)


def test_a_stranger_is_asked_to_sign_in(client: FlaskClient) -> None:
    assert client.get("/lab").status_code == 302
    assert client.post("/lab").status_code == 302


def test_in_production_there_is_no_lab(environment: dict[str, str], david: models.User) -> None:
    production = create_app(Config({**environment, "MICROBLOG_ENV": "production"}))
    with production.app_context():
        client = production.test_client()
        login(client, david)

        assert client.get("/lab").status_code == 404
        assert "/lab" not in {rule.rule for rule in production.url_map.iter_rules()}
        assert "fault lab" not in client.get("/admin/tasks").text
        db.session.remove()


def test_in_production_the_column_is_ignored(app: Flask, worker: InProcessWorker, admin: models.User) -> None:
    run = begin(admin, "error", at=2)
    app.config["MICROBLOG_ENV"] = "production"

    worker.work()

    assert (fresh(run).state, timeline(run.id)) == ("succeeded", ["queued", "claim", "succeeded"])
    assert lab.lesson(fresh(run)) is None


def test_every_fault_has_its_page(client: FlaskClient, admin: models.User) -> None:
    for experiment in lab.EXPERIMENTS:
        page = client.get("/lab", query_string={"task": "two_steps", "fault": experiment.kind})

        assert page.status_code == 200
        assert experiment.title in page.text
        assert "{" not in " ".join(lab.promise(experiment))


def test_the_form_asks_what_the_task_and_the_fault_ask(client: FlaskClient, admin: models.User) -> None:
    page = client.get("/lab?task=make_samples&fault=crash").text

    assert all(f'name="{name}"' in page for name in ("count", "fault-at", "fault-often"))
    assert 'name="fault-seconds"' not in page


def test_what_cannot_start_by_itself_is_not_offered(admin: models.User) -> None:
    names = {task.name for task in lab.tasks(admin)}

    assert {"rehearse", "example_long_task", "export_posts", "make_samples", "recount"} <= names
    assert not {"scan_archive", "import_posts", "greedy", "for_the_house"} & names


@pytest.mark.parametrize("asked", ["task=scan_archive", "task=nothing", "fault=nothing"])
def test_what_is_not_offered_is_not_found(client: FlaskClient, admin: models.User, asked: str) -> None:
    assert client.get(f"/lab?{asked}").status_code == 404


def test_starting_stores_the_fault(client: FlaskClient, admin: models.User) -> None:
    answer = client.post("/lab", data={**CRASH, "fault-often": "always"})

    run = newest()
    assert (answer.status_code, answer.location) == (303, f"/runs/{run.id}")
    assert (run.task, run.args, run.user_id) == ("rehearse", {"count": 8, "seconds": 0.1}, admin.id)
    assert run.fault == {"kind": "crash", "at": 5, "seconds": 0.0, "is_always": True}
    page = client.get(answer.location).text
    assert "In the fault lab: a crash" in page and "not yet" in page


@pytest.mark.parametrize(
    "wrong", [{"fault-at": "0"}, {"fault-at": ""}, {"fault-often": "sometimes"}, {"fault-at": "1", "count": "0"}]
)
def test_what_makes_no_sense_is_told(client: FlaskClient, admin: models.User, wrong: dict[str, str]) -> None:
    answer = client.post("/lab", data={**CRASH, **wrong})

    assert answer.status_code == 422
    assert db.session.query(Run).count() == 0


def test_the_same_start_twice_is_one_run_and_another_must_wait(client: FlaskClient, admin: models.User) -> None:
    fields = {"task": "example_long_task", "fault": "crash", "fault-at": "3", "fault-often": "once"}

    first, again = (client.post("/lab", data={**fields, "idempotency_key": "one"}) for _ in range(2))
    other = client.post("/lab", data={**fields, "idempotency_key": "two"})

    assert first.location == again.location
    assert (other.status_code, db.session.query(Run).count()) == (409, 1)


def test_redis_away_at_the_click_is_a_delay_and_no_error(client: FlaskClient, admin: models.User) -> None:
    answer = client.post("/lab", data={"task": "rehearse", "fault": "redis_at_start", "fault-seconds": "60"})

    run = newest()
    assert (run.state, run.sent_to) == ("queued", None)
    assert "starting is delayed" in client.get(answer.location).text
    assert timeline(run.id) == ["queued", "fault"]


def begin(admin: models.User, kind: str, task: str = "two_steps", args: dict | None = None, **values) -> Run:
    experiment = lab.find_experiment(kind)
    fault = lab.fault(experiment, **values)
    run = lab.start(admin, lab.find_task(admin, task), args or {}, fault, "a key")
    db.session.commit()
    return run


def standings(run: Run) -> list[str]:
    lesson = lab.lesson(fresh(run))
    assert lesson is not None
    return [standing for _, standing in lesson.lines]


def test_a_bad_item_is_parted_from_the_rest(worker: InProcessWorker, admin: models.User, client: FlaskClient) -> None:
    run = begin(admin, "item", "rehearse", {"count": 6, "seconds": 0}, at=4)

    worker.work()

    assert (fresh(run).state, fresh(run).failed_count, fresh(run).ok_count) == ("partial", 1, 5)
    assert standings(run) == ["seen", "seen"]
    again = client.post(f"/runs/{run.id}/retry", headers={"Accept": "application/json"}).json
    worker.work()
    assert (fresh(again["run_id"]).state, fresh(again["run_id"]).done) == ("succeeded", 1)


def test_an_error_waits_and_is_tried_again(worker: InProcessWorker, admin: models.User) -> None:
    run = begin(admin, "error", at=3)

    worker.work()

    assert (fresh(run).state, fresh(run).done) == ("retrying", 2)
    assert timeline(run.id) == ["queued", "claim", "fault", "retrying"]
    assert standings(run) == ["seen", "seen", "awaited", "awaited"]


def test_redis_away_in_mid_run_is_not_noticed(worker: InProcessWorker, admin: models.User) -> None:
    run = begin(admin, "redis", at=3, seconds=30)

    worker.work()

    assert (fresh(run).state, fresh(run).claim) == ("succeeded", 1)
    assert standings(run) == ["seen", "seen"]


def test_slowness_is_told_from_the_start(worker: InProcessWorker, admin: models.User) -> None:
    run = begin(admin, "slow", args={"count": 3}, seconds=0.01)

    worker.work()

    assert timeline(run.id)[:3] == ["queued", "fault", "claim"]
    assert standings(run) == ["seen", "seen"]


def test_a_fault_that_never_came_is_told_too(worker: InProcessWorker, admin: models.User, client: FlaskClient) -> None:
    run = begin(admin, "error", at=50)

    worker.work()

    assert set(standings(run)) == {"missed"}
    assert "Had it fewer items" in client.get(f"/runs/{run.id}").text
