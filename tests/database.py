"""A fresh database for each test: a copied SQLite file, or a copied PostgreSQL database (TEST_DATABASE_URL)."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import sqlalchemy
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from psycopg import sql

from app.adapters import search
from app.extensions import db

MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"


class SqliteTemplate:
    """A file with every table in it, made once and copied for each test."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "template.db"
        _create_tables(f"sqlite:///{self.file}")

    @contextmanager
    def fresh(self, folder: Path) -> Iterator[str]:
        copy = folder / "microblog.db"
        shutil.copyfile(self.file, copy)
        yield f"sqlite:///{copy}"


class PostgresTemplate:
    """A database with every table in it, made once and copied (CREATE DATABASE … TEMPLATE) for each test."""

    def __init__(self, server_url: str) -> None:
        url = sqlalchemy.make_url(server_url)
        self.url = url.set(drivername="postgresql")
        self.name = f"microblog_test_{os.getpid()}"
        self.count = 0
        self._execute("CREATE DATABASE {}", self.name)
        _create_tables(self._url_of(self.name, driver="postgresql+psycopg"))

    @contextmanager
    def fresh(self, folder: Path) -> Iterator[str]:
        self.count += 1
        name = f"{self.name}_{self.count}"
        self._execute("CREATE DATABASE {} TEMPLATE {}", name, self.name)
        try:
            yield self._url_of(name)
        finally:
            self._execute("DROP DATABASE {} WITH (FORCE)", name)

    def close(self) -> None:
        self._execute("DROP DATABASE {} WITH (FORCE)", self.name)

    def _url_of(self, name: str, driver: str = "postgresql") -> str:
        return self.url.set(drivername=driver, database=name).render_as_string(hide_password=False)

    def _execute(self, statement: str, *names: str) -> None:
        with psycopg.connect(self.url.render_as_string(hide_password=False), autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def _create_tables(url: str) -> None:
    engine = sqlalchemy.create_engine(url)
    db.metadata.create_all(engine)
    with engine.begin() as connection:
        MigrationContext.configure(connection).stamp(ScriptDirectory(str(MIGRATIONS)), "heads")
    if url.startswith("sqlite"):
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()


def empty(engine: sqlalchemy.Engine) -> None:
    """Drop every table, also the one where migrations are counted."""
    there = sqlalchemy.MetaData()
    with engine.begin() as connection:
        for name in search.TABLES:
            connection.exec_driver_sql(f"DROP TABLE IF EXISTS {name}")  # with the tables FTS5 keeps for it
    there.reflect(engine)
    there.drop_all(engine)
