"""Every setting, read from the environment or `.env`; `.env.example` explains each one."""

import os
import secrets
from collections.abc import Mapping
from email.headerregistry import Address
from email.utils import parseaddr
from pathlib import Path
from urllib.parse import urlsplit

from dotenv import dotenv_values
from redis.backoff import NoBackoff
from redis.retry import Retry

ROOT = Path(__file__).resolve().parent
_YES, _NO = {"1", "true", "on", "yes"}, {"0", "false", "off", "no"}
KNOWN_SECRETS = {"", "dev", "secret", "changeme", "change-me", "you-will-never-guess"}


class ConfigError(RuntimeError):
    """A setting is missing or unsafe; the message names it and says what to do."""


class Config:
    """The settings as attributes Flask understands. Raises ConfigError when production would be unsafe."""

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        values = {**{k: v or "" for k, v in dotenv_values(ROOT / ".env").items()}, **os.environ}
        env = values if environ is None else dict(environ)
        self.INSTANCE_PATH = str(Path(env.get("INSTANCE_PATH") or ROOT / "instance").resolve())
        self.MICROBLOG_ENV = env.get("MICROBLOG_ENV") or "development"
        self.DEMO = env.get("DEMO") == "1"
        self.SECRET_KEY = self._secret_key(env)
        self.SQLALCHEMY_DATABASE_URI = self._database_url(env)
        self.REDIS_URL = env.get("REDIS_URL") or "redis://127.0.0.1:6379/0"
        self.STORAGE_URL = env.get("STORAGE_URL") or f"file:{self.INSTANCE_PATH}/files"
        self.PUBLIC_URL = (env.get("PUBLIC_URL") or "http://127.0.0.1:5000").rstrip("/")
        self.TRUSTED_PROXIES = int(self._number(env, "TRUSTED_PROXIES", 0, may_be_zero=True))

        self.MAIL_SERVER = env.get("MAIL_SERVER", "")
        self.MAIL_PORT = self._number(env, "MAIL_PORT", 25)
        self.MAIL_USE_TLS = self._switch(env, "MAIL_USE_TLS")
        self.MAIL_USERNAME = env.get("MAIL_USERNAME", "")
        self.MAIL_PASSWORD = env.get("MAIL_PASSWORD", "")
        self.MAIL_FROM = self._sender(env)

        self.REGISTRATION = self._choice(env, "REGISTRATION", ("open", "invited"))
        self.SMS_URL = self._provider_url(env)
        self.SMS_USERNAME = env.get("SMS_USERNAME", "")
        self.SMS_PASSWORD = env.get("SMS_PASSWORD", "")
        self.SMS_FROM = env.get("SMS_FROM", "")
        self.SMS_PER_MEMBER_A_DAY = int(self._number(env, "SMS_PER_MEMBER_A_DAY", 5, may_be_zero=True))
        self.SMS_PARTS_A_DAY = int(self._number(env, "SMS_PARTS_A_DAY", 500, may_be_zero=True))

        self.TASK_FALLBACK = self._choice(env, "TASK_FALLBACK", ("hold", "inline", "thread"))
        self.TASK_MODULES = tuple(name for name in env.get("TASK_MODULES", "").split(",") if name)
        self.SCHEDULES = self._choice(env, "SCHEDULES", ("on", "off"))
        self.LEASE_SECONDS = self._number(env, "LEASE_SECONDS", 30)
        self.SWEEP_SECONDS = self._number(env, "SWEEP_SECONDS", 5)
        self.POLL_ACTIVE_MS = int(self._number(env, "POLL_ACTIVE_MS", 1000))
        self.POLL_IDLE_MS = int(self._number(env, "POLL_IDLE_MS", 15000))
        self.METRICS_TOKEN = env.get("METRICS_TOKEN", "")

        is_https = self.PUBLIC_URL.startswith("https://")
        self.SESSION_COOKIE_HTTPONLY = self.REMEMBER_COOKIE_HTTPONLY = True
        self.SESSION_COOKIE_SAMESITE = self.REMEMBER_COOKIE_SAMESITE = "Lax"
        self.SESSION_COOKIE_SECURE = self.REMEMBER_COOKIE_SECURE = is_https
        self.SESSION_REFRESH_EACH_REQUEST = False
        self.WTF_CSRF_TIME_LIMIT = None
        self.MAX_CONTENT_LENGTH = 16 * 1024 * 1024
        self.BOOTSTRAP_SERVE_LOCAL = True
        self.SQLALCHEMY_ENGINE_OPTIONS = self._engine_options()

        # counted in Redis, and in this process alone while Redis is away
        self.RATELIMIT_STORAGE_URI = self.REDIS_URL.replace("unix://", "redis+unix://", 1)
        self.RATELIMIT_STORAGE_OPTIONS = {
            "retry": Retry(NoBackoff(), 0),
            "socket_connect_timeout": 0.25,
            "socket_timeout": 0.5,
        }
        self.RATELIMIT_IN_MEMORY_FALLBACK_ENABLED = self.RATELIMIT_SWALLOW_ERRORS = True
        self.RATELIMIT_HEADERS_ENABLED = True

    def _secret_key(self, env: Mapping[str, str]) -> str:
        given = env.get("SECRET_KEY", "")
        if self.MICROBLOG_ENV == "production":
            if given in KNOWN_SECRETS or len(given) < 16:
                raise ConfigError("SECRET_KEY is missing or well known: set it to a long random text (./boot.sh env).")
            return given
        return given or _kept_secret(Path(self.INSTANCE_PATH) / "secret_key")

    def _database_url(self, env: Mapping[str, str]) -> str:
        url = env.get("DATABASE_URL") or f"sqlite:///{self.INSTANCE_PATH}/microblog.db"
        for short in ("postgres://", "postgresql://"):
            if url.startswith(short):
                return "postgresql+psycopg://" + url.removeprefix(short)
        return url

    def _sender(self, env: Mapping[str, str]) -> str:
        """An address, alone or behind a name: every letter would die of another."""
        given = env.get("MAIL_FROM") or "microblog@localhost"
        name, address = parseaddr(given)
        try:
            is_one = address.isascii() and bool(Address(name, addr_spec=address).domain)
        except Exception:  # the parser raises whatever it stumbles over
            is_one = False
        if not is_one:
            raise ConfigError(f"MAIL_FROM must be an address, or Name <address>, not {given!r}.")
        return given

    def _provider_url(self, env: Mapping[str, str]) -> str:
        """Empty, or an address that a password may be sent to."""
        url = env.get("SMS_URL", "")
        if url and not url.startswith("https://") and urlsplit(url).hostname not in {"127.0.0.1", "localhost"}:
            raise ConfigError("SMS_URL must begin with https://: the provider's password is sent to it.")
        return url

    def _engine_options(self) -> dict[str, object]:
        if self.SQLALCHEMY_DATABASE_URI.startswith("sqlite"):
            # The driver begins a transaction at the first write only, and takes the write lock at once.
            return {"connect_args": {"timeout": 15, "isolation_level": "IMMEDIATE"}}
        return {"pool_pre_ping": True, "connect_args": {"connect_timeout": 5}}

    @staticmethod
    def _number(env: Mapping[str, str], name: str, default: float, may_be_zero: bool = False) -> float:
        try:
            value = float(env.get(name) or default)
        except ValueError:
            raise ConfigError(f"{name} must be a number, not {env[name]!r}.") from None
        if value < 0 or (value == 0 and not may_be_zero):
            raise ConfigError(f"{name} must be more than {env[name]!r}.")
        return value

    @staticmethod
    def _switch(env: Mapping[str, str], name: str) -> bool:
        value = env.get(name, "").strip().lower()
        if value not in {"", *_YES, *_NO}:
            raise ConfigError(f"{name} must be 1 or 0, not {env[name]!r}.")
        return value in _YES

    @staticmethod
    def _choice(env: Mapping[str, str], name: str, allowed: tuple[str, ...]) -> str:
        value = env.get(name) or allowed[0]
        if value not in allowed:
            raise ConfigError(f"{name} must be one of {', '.join(allowed)}, not {value!r}.")
        return value


def _kept_secret(file: Path) -> str:
    """A development key made once and kept, so that sign-ins survive a restart.

    It is written beside and linked into place, so that no other process ever reads a half-written one.
    """
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        new = file.with_name(f"{file.name}.{secrets.token_hex(8)}")
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as key:
            key.write(secrets.token_hex(32))
        try:
            os.link(new, file)
        except FileExistsError:
            pass  # another process was first: its key is everybody's
        new.unlink()
    return file.read_text()
