"""Give each member the language that their letters are written in; who is here has had English."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade():
    op.add_column("user", sa.Column("language", sa.String(16), nullable=False, server_default="en"))


def downgrade():
    op.drop_column("user", "language")
