"""Let words about oneself take accents: 140 as a person counts them may be more to PostgreSQL."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade():
    if op.get_bind().dialect.name == "postgresql":  # SQLite keeps any length in a column that says 140
        op.alter_column("user", "about_me", type_=sa.Text(), existing_type=sa.String(140))


def downgrade():
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column(
            "user", "about_me", type_=sa.String(140), existing_type=sa.Text(), postgresql_using="left(about_me, 140)"
        )
