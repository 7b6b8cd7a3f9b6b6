"""Remember whose address is confirmed."""

import sqlalchemy as sa
from alembic import op

revision = '0003'
down_revision = '0002'


def upgrade():
    # not as a batch: it would make the table anew on SQLite, and lose its indexes on lower(…)
    op.add_column('user', sa.Column('email_confirmed_at', sa.DateTime(timezone=True), nullable=True))


def downgrade():
    op.drop_column('user', 'email_confirmed_at')
