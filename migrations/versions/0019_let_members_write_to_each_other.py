"""Let members write to each other."""

import sqlalchemy as sa
from alembic import op

revision = '0019'
down_revision = '0018'


def upgrade():
    op.create_table('conversation',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('low_id', sa.Integer(), nullable=True),
    sa.Column('high_id', sa.Integer(), nullable=True),
    sa.Column('newest_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['low_id'], ['user.id'], name=op.f('fk_conversation_low_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['high_id'], ['user.id'], name=op.f('fk_conversation_high_id'), ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_conversation'))
    )
    op.create_index('uq_conversation_pair', 'conversation', ['low_id', 'high_id'], unique=True)
    op.create_index('ix_conversation_high_id', 'conversation', ['high_id'])
    op.create_table('message',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('conversation_id', sa.Integer(), nullable=False),
    sa.Column('sender_id', sa.Integer(), nullable=True),
    sa.Column('recipient_id', sa.Integer(), nullable=True),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('read_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['conversation_id'], ['conversation.id'], name=op.f('fk_message_conversation_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['sender_id'], ['user.id'], name=op.f('fk_message_sender_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['recipient_id'], ['user.id'], name=op.f('fk_message_recipient_id'), ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_message'))
    )
    op.create_index('ix_message_newest', 'message', ['conversation_id', 'created_at', 'id'])
    op.create_index('ix_message_recipient', 'message', ['recipient_id', 'read_at'])
    op.create_index('ix_message_sender_id', 'message', ['sender_id'])


def downgrade():
    op.drop_table('message')
    op.drop_table('conversation')
