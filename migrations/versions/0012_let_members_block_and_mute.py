"""Let members block and mute each other."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade():
    op.create_table(
        "block",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("other_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["other_id"], ["user.id"], name=op.f("fk_block_other_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_block_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "other_id", name=op.f("pk_block")),
    )
    op.create_index("ix_block_other", "block", ["other_id", "kind", "user_id"])
    op.create_index("ix_block_newest", "block", ["user_id", "created_at", "other_id"])


def downgrade():
    op.drop_table("block")
