"""Let a deleted post come back: for a while it is only marked as deleted, and stands in no list's index."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

IS_THERE = sa.text("deleted_at IS NULL")
IS_DELETED = sa.text("deleted_at IS NOT NULL")
LISTS = {
    "ix_post_author_newest": ["author_id", "created_at", "id", "visibility"],
    "ix_post_newest": ["created_at", "id"],
}


def upgrade():
    op.add_column("post", sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True))
    for name, columns in LISTS.items():
        op.drop_index(name, "post")
        op.create_index(name, "post", columns, sqlite_where=IS_THERE, postgresql_where=IS_THERE)
    op.create_index(
        "ix_post_deleted", "post", ["deleted_at"], sqlite_where=IS_DELETED, postgresql_where=IS_DELETED
    )


def downgrade():
    op.execute("DELETE FROM post WHERE deleted_at IS NOT NULL")
    op.drop_index("ix_post_deleted", "post")
    for name, columns in LISTS.items():
        op.drop_index(name, "post")
        op.create_index(name, "post", columns)
    op.drop_column("post", "deleted_at")
