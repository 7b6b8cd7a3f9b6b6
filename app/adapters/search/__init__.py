"""The index of posts' words, one for each kind of database; it knows ids and words, and no model."""

from collections.abc import Sequence
from typing import Protocol

from sqlalchemy import ColumnElement, Connection, FromClause, MetaData, event

from app.adapters.search import postgres, sqlite
from app.adapters.search.words import phrases
from app.extensions import db

TABLE = "post_search"


class Index(Protocol):
    """Where a question is looked up. A deleted post leaves the index by itself."""

    source: FromClause
    post_id: ColumnElement[int]

    def put(self, connection: Connection, posts: Sequence[tuple[int, str]]) -> None:
        """Take in posts (id, body), or what has become of them, in the caller's transaction."""

    def matches(self, phrases: Sequence[Sequence[str]]) -> ColumnElement[bool]:
        """The condition on `source` for posts with every phrase; the last word may go on."""


def open_index(dialect: str) -> Index:
    """The index of a database of this kind."""
    return postgres.PostgresIndex() if dialect == "postgresql" else sqlite.SqliteIndex()


def is_ours(name: str | None) -> bool:
    """True for the index's tables, which no model describes: FTS5 keeps several."""
    return name is not None and name.startswith(TABLE)


@event.listens_for(db.metadata, "after_create")
def _create(_metadata: MetaData, connection: Connection, **_how: object) -> None:
    """With the models' tables comes the index, as the migration makes it."""
    dialect = postgres if connection.dialect.name == "postgresql" else sqlite
    for statement in dialect.CREATE:
        connection.exec_driver_sql(statement)


__all__ = ["Index", "is_ours", "open_index", "phrases"]
