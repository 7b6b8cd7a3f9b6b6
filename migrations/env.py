"""What Alembic is told: our metadata, our database, and how our own column type is written in a migration."""

from alembic import context
from flask import current_app

from app.adapters import search
from app.models.base import UtcDateTime

database = current_app.extensions["migrate"].db


def render_item(kind, item, _context):
    """A migration stands on its own: our type is written as the plain one it is made of."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, UtcDateTime) else False


def is_a_models(name, kind, _parents):
    """The search index is made by its own statements: no model describes it."""
    return not (kind == "table" and search.is_ours(name))


def run_online():
    """Migrate the application's database in one transaction."""
    with database.engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=database.metadata,
            render_as_batch=True,
            render_item=render_item,
            compare_type=True,
            include_name=is_a_models,
        )
        with context.begin_transaction():
            context.run_migrations()


def run_offline():
    """Print the SQL instead of running it (`flask db upgrade --sql`)."""
    url = database.engine.url.render_as_string(hide_password=False)
    context.configure(url=url, target_metadata=database.metadata, literal_binds=True, render_item=render_item)
    with context.begin_transaction():
        context.run_migrations()


run_offline() if context.is_offline_mode() else run_online()
