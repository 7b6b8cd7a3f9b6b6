"""Keep every key a run was asked for with

Revision ID: 0008
Revises: 0007

"""
from alembic import op
import sqlalchemy as sa


revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None


def upgrade():
    op.create_table('run_key',
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('key', sa.String(length=128), nullable=False),
    sa.Column('run_id', sa.String(length=36), nullable=False),
    sa.Column('args_hash', sa.String(length=64), nullable=False),
    sa.ForeignKeyConstraint(['run_id'], ['run.id'], name=op.f('fk_run_key_run_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], name=op.f('fk_run_key_user_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('user_id', 'key', name=op.f('pk_run_key'))
    )
    with op.batch_alter_table('run_key', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_run_key_run_id'), ['run_id'], unique=False)


def downgrade():
    with op.batch_alter_table('run_key', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_run_key_run_id'))

    op.drop_table('run_key')
