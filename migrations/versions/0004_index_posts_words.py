"""Index posts' words: FTS5 on SQLite, a tsvector on PostgreSQL.

It begins empty: on a site that has posts already an admin starts "Reindex posts" once.
"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

SQLITE = (
    "CREATE VIRTUAL TABLE post_search USING fts5(words, tokenize = 'ascii')",
    "CREATE TRIGGER post_search_gone AFTER DELETE ON post BEGIN DELETE FROM post_search WHERE rowid = old.id; END",
)
POSTGRES = (
    "CREATE TABLE post_search ("
    "post_id INTEGER PRIMARY KEY REFERENCES post (id) ON DELETE CASCADE, words TSVECTOR NOT NULL)",
    "CREATE INDEX ix_post_search_words ON post_search USING gin (words)",
)


def upgrade():
    for statement in SQLITE if op.get_bind().dialect.name == "sqlite" else POSTGRES:
        op.execute(statement)


def downgrade():
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER post_search_gone")
    op.execute("DROP TABLE post_search")
