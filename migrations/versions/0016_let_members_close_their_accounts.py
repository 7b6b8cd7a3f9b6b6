"""Let members close their accounts: when each ends."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

IS_ENDING = sa.text("ends_at IS NOT NULL")


def upgrade():
    op.add_column("user", sa.Column("ends_at", sa.DateTime(timezone=True)))
    op.create_index("ix_user_ends_at", "user", ["ends_at"], sqlite_where=IS_ENDING, postgresql_where=IS_ENDING)


def downgrade():
    op.drop_index("ix_user_ends_at", "user")
    op.drop_column("user", "ends_at")
