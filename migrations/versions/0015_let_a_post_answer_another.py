"""Let a post answer another: the post it answers, and the one that began the conversation."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

IS_REPLY = sa.text("reply_to_id IS NOT NULL")
IS_IN_THREAD = sa.text("thread_id IS NOT NULL")


def upgrade():
    op.add_column("post", sa.Column("reply_to_id", sa.Integer(), nullable=True))
    op.add_column("post", sa.Column("thread_id", sa.Integer(), nullable=True))
    op.create_index("ix_post_reply_to", "post", ["reply_to_id", "id"], sqlite_where=IS_REPLY, postgresql_where=IS_REPLY)
    op.create_index(
        "ix_post_thread", "post", ["thread_id", "id"], sqlite_where=IS_IN_THREAD, postgresql_where=IS_IN_THREAD
    )


def downgrade():
    op.drop_index("ix_post_thread", "post")
    op.drop_index("ix_post_reply_to", "post")
    op.drop_column("post", "thread_id")
    op.drop_column("post", "reply_to_id")
