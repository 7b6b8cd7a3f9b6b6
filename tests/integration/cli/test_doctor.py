import shutil
from collections import namedtuple
from datetime import timedelta

import pytest
from sqlalchemy import update

from app import clock, create_app
from app.extensions import db
from app.models import Letter, Run
from app.services import doctor, letters
from config import Config
from tests import database
from tests.processes import free_port


def findings(app) -> dict[str, doctor.Finding]:
    return {finding.subject: finding for finding in doctor.examine(app.config)}


def test_healthy_installation_has_a_line_for_each_thing_and_exits_0(app, workers):
    workers.stock()

    result = app.test_cli_runner().invoke(args=["doctor"])

    assert result.exit_code == 0, result.output
    assert [line.split()[:2] for line in result.output.splitlines()] == [
        ["ok", subject] for subject in doctor.EXAMINATIONS
    ]


def test_missing_worker_is_told_with_the_command_that_starts_one(app):
    result = app.test_cli_runner().invoke(args=["doctor"])

    assert result.exit_code == 1
    assert "./boot.sh worker" in result.output


def test_everything_else_is_examined_while_the_database_is_away(environment):
    environment["DATABASE_URL"] = f"postgresql://nobody@127.0.0.1:{free_port()}/nothing"
    app = create_app(Config(environment))

    with app.app_context():
        found = findings(app)

    assert [subject for subject, finding in found.items() if not finding.is_well] == [
        "database",
        "migrations",
        "workers",
        "housekeeping",
    ]
    assert "DATABASE_URL" in found["database"].text


def test_missing_migrations_are_named(app):
    database.empty(db.engine)

    assert "flask prepare" in findings(app)["migrations"].text


def test_redis_that_throws_keys_away_is_wrong(own_redis, app):
    from app.adapters import redis

    redis.connect(own_redis.url).config_set("maxmemory-policy", "allkeys-lru")

    assert "noeviction" in findings(app)["redis"].text


def test_redis_away_is_wrong(app):
    app.config["REDIS_URL"] = f"redis://127.0.0.1:{free_port()}/0"

    assert not findings(app)["redis"].is_well


def test_runs_that_no_sweep_looked_after_are_wrong(app):
    long_ago = clock.now() - timedelta(hours=1)
    db.session.add(
        Run(id="0193", task="x", title="X", queue="microblog-tasks", args={}, state="running", lease_until=long_ago)
    )
    db.session.flush()

    assert "1 runs wait" in findings(app)["housekeeping"].text


def test_full_disk_is_wrong(app, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(100, 99, 1))

    assert "make room" in findings(app)["disk"].text


def test_mail_server_that_is_away_is_wrong(app):
    app.config["MAIL_SERVER"], app.config["MAIL_PORT"] = "127.0.0.1", free_port()

    assert "MAIL_SERVER" in findings(app)["mail"].text


@pytest.mark.parametrize(("environment_name", "is_read"), [("development", True), ("production", False)])
def test_without_a_mail_server_it_says_who_reads_the_letters(app, environment_name, is_read):
    app.config["MICROBLOG_ENV"] = environment_name

    mail = findings(app)["mail"]

    assert mail.is_well and ("nobody reads them" not in mail.text) is is_read


def test_mail_server_that_answers_is_well(app):
    from aiosmtpd.controller import Controller
    from aiosmtpd.handlers import Sink

    controller = Controller(Sink(), hostname="127.0.0.1", port=free_port())
    controller.start()
    app.config["MAIL_SERVER"], app.config["MAIL_PORT"] = "127.0.0.1", controller.port

    try:
        assert findings(app)["mail"].is_well
    finally:
        controller.stop()


def test_mail_server_that_lets_us_in_and_takes_nothing_is_wrong(mail_server, app, susan, worker):
    mail_server.says_of_senders = "550 not from you"
    letters.trial(susan)
    worker.work()
    assert findings(app)["mail"].is_well, "it may be over in a minute"

    db.session.execute(update(Letter).values(created_at=clock.now() - timedelta(minutes=20)))
    db.session.commit()

    mail = findings(app)["mail"]
    assert not mail.is_well and "letters wait since" in mail.text and "550 not from you" in mail.text


def test_one_busy_mailbox_is_not_the_servers_trouble(mail_server, app, susan, worker):
    mail_server.answers["susan@example.com"] = "451 4.3.0 busy"
    letters.trial(susan)
    worker.work()
    db.session.execute(update(Letter).values(created_at=clock.now() - timedelta(minutes=20)))
    db.session.commit()

    assert findings(app)["mail"].is_well


def test_provider_of_text_messages_is_asked_whether_it_knows_us(sms_provider, app):
    assert findings(app)["sms"].is_well

    sms_provider.password = "another"
    sms = findings(app)["sms"]

    assert not sms.is_well and "401 it says so" in sms.text and "SMS_PASSWORD" in sms.text


def test_provider_that_lists_nothing_is_well(sms_provider, app):
    sms_provider.has_a_list = False

    assert findings(app)["sms"].is_well
    assert sms_provider.messages == []


def test_provider_that_is_away_is_wrong(app):
    app.config["SMS_URL"] = f"http://127.0.0.1:{free_port()}/Messages.json"

    assert "SMS_URL" in findings(app)["sms"].text
