"""List followers, and whom a member follows, by an index, who came last first."""

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade():
    op.create_index("ix_follow_followed_newest", "follow", ["followed_id", "created_at", "follower_id"])
    op.create_index("ix_follow_follower_newest", "follow", ["follower_id", "created_at", "followed_id"])
    op.drop_index("ix_follow_followed_id", "follow")


def downgrade():
    op.create_index("ix_follow_followed_id", "follow", ["followed_id"])
    op.drop_index("ix_follow_follower_newest", "follow")
    op.drop_index("ix_follow_followed_newest", "follow")
