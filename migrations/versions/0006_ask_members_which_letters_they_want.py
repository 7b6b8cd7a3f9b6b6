"""Ask members which letters they want."""

import sqlalchemy as sa
from alembic import op

revision = '0006'
down_revision = '0005'


def upgrade():
    op.create_table('letter_choice',
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('digest', sa.String(length=8), nullable=False),
    sa.Column('digest_hour', sa.Integer(), nullable=False),
    sa.Column('time_zone', sa.String(length=64), nullable=False),
    sa.Column('digest_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('digested_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('tells_of_runs', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], name=op.f('fk_letter_choice_user_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('user_id', name=op.f('pk_letter_choice'))
    )
    op.create_index(op.f('ix_letter_choice_digest_at'), 'letter_choice', ['digest_at'])


def downgrade():
    op.drop_table('letter_choice')
