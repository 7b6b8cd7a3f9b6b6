"""The index on PostgreSQL: a tsvector beside each row. Words come ready made, so no parser or dictionary is asked."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, FromClause, bindparam, cast, column, table
from sqlalchemy.dialects.postgresql import TSQUERY

from app.adapters.search.words import may_go_on, words

_MOST_POSITIONS = 16_383


def creation(name: str, of: str) -> tuple[str, ...]:
    """The statements that make an index of the table `of`."""
    return (
        f"CREATE TABLE {name} ("
        f'{of}_id INTEGER PRIMARY KEY REFERENCES "{of}" (id) ON DELETE CASCADE, words TSVECTOR NOT NULL)',
        f"CREATE INDEX ix_{name}_words ON {name} USING gin (words)",
    )


class PostgresIndex:
    """See Index."""

    def __init__(self, name: str, of: str) -> None:
        found = table(name, column(f"{of}_id"), column("words"))
        self.source: FromClause = found
        self.id: ColumnElement[int] = found.c[f"{of}_id"]
        self._words: ColumnElement[str] = found.c.words
        self._put = (
            f"INSERT INTO {name} ({of}_id, words) VALUES (%s, CAST(%s AS tsvector))"  # noqa: S608  (names of ours)
            f" ON CONFLICT ({of}_id) DO UPDATE SET words = excluded.words"
        )

    def put(self, connection: Connection, rows: Sequence[tuple[int, str]]) -> None:
        """One statement for all, past the compiler: it would take as long as the index."""
        connection.exec_driver_sql(self._put, [(id, _vector(text)) for id, text in rows])

    def matches(self, phrases: Sequence[Sequence[str]]) -> ColumnElement[bool]:
        """Each word is letters and digits in quotation marks: nothing of the query language is left to the question."""
        asked = [" <-> ".join(f"'{word}'" for word in phrase) for phrase in phrases]
        if may_go_on(phrases[-1][-1]):
            asked[-1] += ":*"
        question = " & ".join(f"({phrase})" for phrase in asked)
        return self._words.op("@@")(cast(bindparam(None, question), TSQUERY))


def _vector(text: str) -> str:
    return " ".join(f"'{word}':{place}" for place, word in enumerate(words(text)[:_MOST_POSITIONS], start=1))
