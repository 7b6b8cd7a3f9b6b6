"""Keep what concerns a member."""

import sqlalchemy as sa
from alembic import op

revision = '0014'
down_revision = '0013'

IS_UNREAD = sa.text("read_at IS NULL")


def upgrade():
    op.create_table('activity',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('key', sa.String(length=96), nullable=False),
    sa.Column('about', sa.String(length=96), nullable=False),
    sa.Column('actor_id', sa.Integer(), nullable=True),
    sa.Column('post_id', sa.Integer(), nullable=True),
    sa.Column('run_id', sa.String(length=36), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('read_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], name=op.f('fk_activity_user_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['actor_id'], ['user.id'], name=op.f('fk_activity_actor_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['post_id'], ['post.id'], name=op.f('fk_activity_post_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['run_id'], ['run.id'], name=op.f('fk_activity_run_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_activity'))
    )
    op.create_index('uq_activity_key', 'activity', ['user_id', 'key'], unique=True)
    op.create_index('ix_activity_newest', 'activity', ['user_id', 'created_at', 'id'])
    op.create_index('ix_activity_about', 'activity', ['user_id', 'about', 'created_at', 'id'])
    op.create_index('ix_activity_unread', 'activity', ['user_id'], sqlite_where=IS_UNREAD, postgresql_where=IS_UNREAD)
    op.create_index('ix_activity_actor_id', 'activity', ['actor_id'])
    op.create_index('ix_activity_post_id', 'activity', ['post_id'])
    op.create_index('ix_activity_run_id', 'activity', ['run_id'])


def downgrade():
    op.drop_table('activity')
