"""Find the next letter by an index: one that began with the state made SQLite sort all that wait."""

import sqlalchemy as sa
from alembic import op

revision = '0009'
down_revision = '0008'

IS_DEAD = sa.text("state = 'dead'")


def upgrade():
    op.drop_index('ix_letter_state_newest', 'letter')
    op.drop_index('ix_letter_newest', 'letter')
    op.create_index('ix_letter_newest', 'letter', ['created_at', 'id', 'state'])
    op.create_index('ix_letter_dead', 'letter', ['created_at', 'id'], sqlite_where=IS_DEAD, postgresql_where=IS_DEAD)


def downgrade():
    op.drop_index('ix_letter_dead', 'letter')
    op.drop_index('ix_letter_newest', 'letter')
    op.create_index('ix_letter_newest', 'letter', ['created_at', 'id'])
    op.create_index('ix_letter_state_newest', 'letter', ['state', 'created_at', 'id'])
