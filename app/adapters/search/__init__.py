"""The indexes of words, of posts and of members, one kind for each database; they know ids and words, and no model."""

from collections.abc import Sequence
from functools import cache
from typing import Protocol

from sqlalchemy import ColumnElement, Connection, FromClause, MetaData, event

from app.adapters.search import postgres, sqlite
from app.adapters.search.words import phrases
from app.extensions import db

POSTS, MEMBERS = "post_search", "user_search"
TABLES = {POSTS: "post", MEMBERS: "user"}  # each index, and the table whose rows it holds the words of


class Index(Protocol):
    """Where a question is looked up. A deleted row leaves the index by itself."""

    source: FromClause
    id: ColumnElement[int]

    def put(self, connection: Connection, rows: Sequence[tuple[int, str]]) -> None:
        """Take in rows (id, text), or what has become of them, in the caller's transaction."""

    def matches(self, phrases: Sequence[Sequence[str]]) -> ColumnElement[bool]:
        """The condition on `source` for rows with every phrase; the last word may go on."""


@cache
def open_index(dialect: str, name: str) -> Index:
    """POSTS or MEMBERS, in a database of this kind."""
    if dialect == "postgresql":
        return postgres.PostgresIndex(name, TABLES[name])
    return sqlite.SqliteIndex(name)


def is_ours(name: str | None) -> bool:
    """True for the indexes' tables, which no model describes: FTS5 keeps several."""
    return name is not None and name.startswith(tuple(TABLES))


@event.listens_for(db.metadata, "after_create")
def _create(_metadata: MetaData, connection: Connection, **_how: object) -> None:
    """With the models' tables come the indexes, as the migrations make them."""
    dialect = postgres if connection.dialect.name == "postgresql" else sqlite
    for name, of in TABLES.items():
        for statement in dialect.creation(name, of):
            connection.exec_driver_sql(statement)


__all__ = ["MEMBERS", "POSTS", "TABLES", "Index", "is_ours", "open_index", "phrases"]
