"""The index on SQLite: an FTS5 table whose rowid is the row's id. Words come ready made: it only splits at blanks."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, FromClause, column, table

from app.adapters.search.words import may_go_on, words


def creation(name: str, of: str) -> tuple[str, ...]:
    """The statements that make an index of the table `of`."""
    deletion = f"DELETE FROM {name} WHERE rowid = old.id"  # noqa: S608  (a name of ours)
    return (
        # of the tokenizers SQLite has, `ascii` takes every character beyond ASCII for a letter, and so leaves our words
        # whole
        f"CREATE VIRTUAL TABLE {name} USING fts5(words, tokenize = 'ascii')",
        f'CREATE TRIGGER {name}_gone AFTER DELETE ON "{of}" BEGIN {deletion}; END',
    )


class SqliteIndex:
    """See Index."""

    def __init__(self, name: str) -> None:
        found = table(name, column("rowid"), column(name))
        self.source: FromClause = found
        self.id: ColumnElement[int] = found.c.rowid
        self._whole: ColumnElement[str] = found.c[name]
        self._put = f"INSERT OR REPLACE INTO {name} (rowid, words) VALUES (?, ?)"  # noqa: S608  (a name of ours)

    def put(self, connection: Connection, rows: Sequence[tuple[int, str]]) -> None:
        """One statement for all, past the compiler: it would take as long as the index."""
        connection.exec_driver_sql(self._put, [(id, " ".join(words(text))) for id, text in rows])

    def matches(self, phrases: Sequence[Sequence[str]]) -> ColumnElement[bool]:
        """Every word in quotation marks: none of FTS5's own language is left to the question."""
        asked = [f'"{" ".join(phrase)}"' for phrase in phrases]
        if may_go_on(phrases[-1][-1]):
            asked[-1] += " *"
        return self._whole.op("MATCH")(" AND ".join(asked))
