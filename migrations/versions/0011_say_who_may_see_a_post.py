"""Say who may see a post: everybody, as so far, or only who follows its author."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade():
    op.add_column("post", sa.Column("visibility", sa.String(length=16), server_default="public", nullable=False))
    op.drop_index("ix_post_author_newest", "post")
    op.create_index("ix_post_author_newest", "post", ["author_id", "created_at", "id", "visibility"])


def downgrade():
    op.drop_index("ix_post_author_newest", "post")
    op.create_index("ix_post_author_newest", "post", ["author_id", "created_at", "id"])
    op.drop_column("post", "visibility")
