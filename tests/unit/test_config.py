import os
import threading

import pytest

from app import clock
from app.adapters.channels import Message, smtp
from config import Config, ConfigError


def make(tmp_path, **environ: str) -> Config:
    return Config({"INSTANCE_PATH": str(tmp_path), **environ})


@pytest.mark.parametrize("secret", ["", "dev", "you-will-never-guess", "short"])
def test_production_refuses_a_missing_or_known_secret(tmp_path, secret):
    with pytest.raises(ConfigError, match="SECRET_KEY"):
        make(tmp_path, MICROBLOG_ENV="production", SECRET_KEY=secret)


def test_development_key_is_made_once_and_private(tmp_path):
    first, second = make(tmp_path).SECRET_KEY, make(tmp_path).SECRET_KEY

    assert first == second and len(first) == 64
    assert os.stat(tmp_path / "secret_key").st_mode & 0o077 == 0
    assert [file.name for file in tmp_path.iterdir()] == ["secret_key"]


def test_processes_that_start_at_once_agree_on_the_key(tmp_path):
    keys: list[str] = []
    threads = [threading.Thread(target=lambda: keys.append(make(tmp_path).SECRET_KEY)) for _ in range(16)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(keys) == 16 and len(set(keys)) == 1 and keys[0]


@pytest.mark.parametrize("short", ["postgres://u:p@h/d", "postgresql://u:p@h/d"])
def test_short_postgres_addresses_are_understood(tmp_path, short):
    assert make(tmp_path, DATABASE_URL=short).SQLALCHEMY_DATABASE_URI == "postgresql+psycopg://u:p@h/d"


@pytest.mark.parametrize(
    ("name", "value"),
    [("LEASE_SECONDS", "soon"), ("SWEEP_SECONDS", "-1"), ("TASK_FALLBACK", "x"), ("TRUSTED_PROXIES", "-1")],
)
def test_a_setting_that_makes_no_sense_is_named(tmp_path, name, value):
    with pytest.raises(ConfigError, match=name):
        make(tmp_path, **{name: value})


@pytest.mark.parametrize(("url", "is_secure"), [("https://example.org", True), ("http://127.0.0.1:8000", False)])
def test_cookies_follow_the_public_address(tmp_path, url, is_secure):
    config = make(tmp_path, PUBLIC_URL=url)

    assert (is_secure, is_secure) == (config.SESSION_COOKIE_SECURE, config.REMEMBER_COOKIE_SECURE)


@pytest.mark.parametrize("url", ["http://sms.example.com/send", "http://127.0.0.1.example.com/", "ftp://example.com"])
def test_providers_password_is_sent_over_https_alone(tmp_path, url):
    with pytest.raises(ConfigError, match="SMS_URL"):
        make(tmp_path, SMS_URL=url)

    assert make(tmp_path, SMS_URL="https://sms.example.com/send").SMS_URL


@pytest.mark.parametrize(
    ("value", "is_on"), [("1", True), ("True", True), ("yes", True), ("", False), ("False", False)]
)
def test_encryption_is_on_however_one_writes_yes(tmp_path, value, is_on):
    assert make(tmp_path, MAIL_USE_TLS=value).MAIL_USE_TLS is is_on


def test_a_word_that_might_have_meant_yes_is_not_taken_for_no(tmp_path):
    with pytest.raises(ConfigError, match="MAIL_USE_TLS"):
        make(tmp_path, MAIL_USE_TLS="starttls")


@pytest.mark.parametrize(
    "sender", ["Microblog", "Microblog <>", "a@b@c", "@example.org", "pöst@example.org", "Example, Inc. <a@b.c>"]
)
def test_sender_no_letter_could_have_is_refused(tmp_path, sender):
    with pytest.raises(ConfigError, match="MAIL_FROM"):
        make(tmp_path, MAIL_FROM=sender)


@pytest.mark.parametrize("sender", ["post@example.org", "Zoë’s Microblog <post@example.org>", "microblog@localhost"])
def test_sender_is_an_address_with_or_without_a_name(tmp_path, sender):
    config = make(tmp_path, MAIL_FROM=sender)

    assert smtp.compose(Message("k", "a@example.org", "Hello", "Hello", clock.now()), config.MAIL_FROM)["From"]


def test_sender_left_empty_is_the_usual_one(tmp_path):
    assert make(tmp_path, MAIL_FROM="").MAIL_FROM == "microblog@localhost"
