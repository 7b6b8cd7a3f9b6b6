"""Keep members' pictures."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade():
    op.add_column("user", sa.Column("avatar_mark", sa.String(length=32), nullable=True))


def downgrade():
    op.drop_column("user", "avatar_mark")
