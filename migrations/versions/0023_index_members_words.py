"""Index members' words as posts' are: FTS5 on SQLite, a tsvector on PostgreSQL. Who is here already is in it at once."""

import sqlalchemy as sa
from alembic import context, op

from app.adapters import search

revision = "0023"
down_revision = "0022"

SQLITE = (
    "CREATE VIRTUAL TABLE user_search USING fts5(words, tokenize = 'ascii')",
    'CREATE TRIGGER user_search_gone AFTER DELETE ON "user" BEGIN DELETE FROM user_search WHERE rowid = old.id; END',
)
POSTGRES = (
    "CREATE TABLE user_search ("
    'user_id INTEGER PRIMARY KEY REFERENCES "user" (id) ON DELETE CASCADE, words TSVECTOR NOT NULL)',
    "CREATE INDEX ix_user_search_words ON user_search USING gin (words)",
)
AT_ONCE = 10_000


def upgrade():
    connection = op.get_bind()
    for statement in SQLITE if connection.dialect.name == "sqlite" else POSTGRES:
        op.execute(statement)
    if context.is_offline_mode():
        return  # nobody can be asked: "Reindex posts" takes in who is here
    index = search.open_index(connection.dialect.name, "user_search")
    asked = sa.text('SELECT id, username, name, about_me FROM "user" WHERE id > :last ORDER BY id LIMIT :count')
    last = 0
    while rows := connection.execute(asked, {"last": last, "count": AT_ONCE}).all():
        index.put(connection, [(row[0], "\n".join(row[1:])) for row in rows])
        last = rows[-1][0]


def downgrade():
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER user_search_gone")
    op.execute("DROP TABLE user_search")
