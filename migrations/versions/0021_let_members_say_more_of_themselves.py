"""Let members say more of themselves: the name they go by, where they are, a page of theirs."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade():
    for name, length in (("name", 100), ("place", 100), ("link", 200)):
        op.add_column("user", sa.Column(name, sa.String(length=length), nullable=False, server_default=""))


def downgrade():
    for name in ("link", "place", "name"):
        op.drop_column("user", name)
