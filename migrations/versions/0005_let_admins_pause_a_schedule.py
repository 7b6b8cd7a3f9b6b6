"""Let admins pause a schedule

Revision ID: 0005
Revises: 0004

"""
from alembic import op
import sqlalchemy as sa


revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade():
    op.create_table('schedule_pause',
    sa.Column('task', sa.String(length=64), nullable=False),
    sa.Column('paused_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('paused_by', sa.String(length=64), nullable=False),
    sa.PrimaryKeyConstraint('task', name=op.f('pk_schedule_pause'))
    )


def downgrade():
    op.drop_table('schedule_pause')
