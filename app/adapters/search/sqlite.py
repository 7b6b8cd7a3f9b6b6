"""The index on SQLite: an FTS5 table whose rowid is the post's id. Words come ready made: it only splits at blanks."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, FromClause, column, table

from app.adapters.search.words import may_go_on, words

# of the tokenizers SQLite has, `ascii` takes every character beyond ASCII for a letter, and so leaves our words whole
CREATE = (
    "CREATE VIRTUAL TABLE post_search USING fts5(words, tokenize = 'ascii')",
    "CREATE TRIGGER post_search_gone AFTER DELETE ON post BEGIN DELETE FROM post_search WHERE rowid = old.id; END",
)
_TABLE = table("post_search", column("rowid"), column("post_search"))
_PUT = "INSERT OR REPLACE INTO post_search (rowid, words) VALUES (?, ?)"


class SqliteIndex:
    """See Index."""

    source: FromClause = _TABLE
    post_id: ColumnElement[int] = _TABLE.c.rowid

    def put(self, connection: Connection, posts: Sequence[tuple[int, str]]) -> None:
        """One statement for all, past the compiler: it would take as long as the index."""
        connection.exec_driver_sql(_PUT, [(id, " ".join(words(body))) for id, body in posts])

    def matches(self, phrases: Sequence[Sequence[str]]) -> ColumnElement[bool]:
        """Every word in quotation marks: none of FTS5's own language is left to the question."""
        asked = [f'"{" ".join(phrase)}"' for phrase in phrases]
        if may_go_on(phrases[-1][-1]):
            asked[-1] += " *"
        return _TABLE.c.post_search.op("MATCH")(" AND ".join(asked))
