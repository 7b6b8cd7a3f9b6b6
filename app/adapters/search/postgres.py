"""The index on PostgreSQL: a tsvector beside each post. Words come ready made, so no parser or dictionary is asked."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, FromClause, bindparam, cast, column, table
from sqlalchemy.dialects.postgresql import TSQUERY

from app.adapters.search.words import may_go_on, words

CREATE = (
    "CREATE TABLE post_search ("
    "post_id INTEGER PRIMARY KEY REFERENCES post (id) ON DELETE CASCADE, words TSVECTOR NOT NULL)",
    "CREATE INDEX ix_post_search_words ON post_search USING gin (words)",
)
_TABLE = table("post_search", column("post_id"), column("words"))
_MOST_POSITIONS = 16_383
_PUT = (
    "INSERT INTO post_search (post_id, words) VALUES (%s, CAST(%s AS tsvector))"
    " ON CONFLICT (post_id) DO UPDATE SET words = excluded.words"
)


class PostgresIndex:
    """See Index."""

    source: FromClause = _TABLE
    post_id: ColumnElement[int] = _TABLE.c.post_id

    def put(self, connection: Connection, posts: Sequence[tuple[int, str]]) -> None:
        """One statement for all, past the compiler: it would take as long as the index."""
        connection.exec_driver_sql(_PUT, [(id, _vector(body)) for id, body in posts])

    def matches(self, phrases: Sequence[Sequence[str]]) -> ColumnElement[bool]:
        """Each word is letters and digits in quotation marks: nothing of the query language is left to the question."""
        asked = [" <-> ".join(f"'{word}'" for word in phrase) for phrase in phrases]
        if may_go_on(phrases[-1][-1]):
            asked[-1] += ":*"
        question = " & ".join(f"({phrase})" for phrase in asked)
        return _TABLE.c.words.op("@@")(cast(bindparam(None, question), TSQUERY))


def _vector(body: str) -> str:
    return " ".join(f"'{word}':{place}" for place, word in enumerate(words(body)[:_MOST_POSITIONS], start=1))
