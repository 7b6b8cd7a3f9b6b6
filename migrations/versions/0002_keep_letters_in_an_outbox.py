"""Keep letters in an outbox."""

import sqlalchemy as sa
from alembic import op

revision = '0002'
down_revision = '0001'

IS_WAITING = sa.text("state = 'waiting'")
IS_SENDING = sa.text("state = 'sending'")


def upgrade():
    op.create_table('letter',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('key', sa.String(length=255), nullable=False),
    sa.Column('channel', sa.String(length=16), nullable=False),
    sa.Column('kind', sa.String(length=32), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=True),
    sa.Column('address', sa.String(length=254), nullable=False),
    sa.Column('language', sa.String(length=16), nullable=False),
    sa.Column('subject', sa.String(length=255), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('html', sa.Text(), nullable=True),
    sa.Column('headers', sa.JSON(), nullable=False),
    sa.Column('is_bulk', sa.Boolean(), nullable=False),
    sa.Column('state', sa.String(length=8), nullable=False),
    sa.Column('claim', sa.Integer(), nullable=False),
    sa.Column('holder', sa.String(length=36), nullable=True),
    sa.Column('lease_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('error', sa.Text(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('next_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('sent_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], name=op.f('fk_letter_user_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_letter')),
    sa.UniqueConstraint('key', name=op.f('uq_letter_key'))
    )
    op.create_index('ix_letter_waiting', 'letter', ['is_bulk', 'next_at', 'id'], sqlite_where=IS_WAITING, postgresql_where=IS_WAITING)
    op.create_index('ix_letter_sending', 'letter', ['holder'], sqlite_where=IS_SENDING, postgresql_where=IS_SENDING)
    op.create_index('ix_letter_newest', 'letter', ['created_at', 'id'])
    op.create_index('ix_letter_state_newest', 'letter', ['state', 'created_at', 'id'])
    op.create_index('ix_letter_user', 'letter', ['user_id', 'channel', 'created_at'])


def downgrade():
    op.drop_table('letter')
