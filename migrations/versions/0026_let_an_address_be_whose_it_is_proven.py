"""An address is a member's once they have followed a link to it; until then others may give it too."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"

IS_PROVEN = sa.text("email_confirmed_at IS NOT NULL")


def upgrade():
    op.drop_index("uq_user_email_lower", "user")
    op.create_index(
        "uq_user_email_confirmed",
        "user",
        [sa.text("lower(email)")],
        unique=True,
        sqlite_where=IS_PROVEN,
        postgresql_where=IS_PROVEN,
    )
    op.create_index("ix_user_email_lower", "user", [sa.text("lower(email)")])


def downgrade():  # refused where two members have given one address since
    op.drop_index("ix_user_email_lower", "user")
    op.drop_index("uq_user_email_confirmed", "user")
    op.create_index("uq_user_email_lower", "user", [sa.text("lower(email)")], unique=True)
