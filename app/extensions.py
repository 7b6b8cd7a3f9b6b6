"""The Flask extensions, unbound; `create_app` binds them. Also what every database connection is told at birth."""

from flask_bootstrap import Bootstrap5
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_login import LoginManager
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect
from sqlalchemy import Connection, Engine, ExceptionContext, MetaData, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import DeclarativeBase

READ_ONLY = "25006"  # PostgreSQL's read_only_sql_transaction


class Base(DeclarativeBase):
    """The models' base: constraint names are fixed so that migrations can name them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_N_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class Database(SQLAlchemy):
    """Flask-SQLAlchemy, whose sessions end without an error where the connection was cut before the end."""

    def _teardown_session(self, exc: BaseException | None) -> None:
        try:
            super()._teardown_session(exc)
        except DBAPIError:  # nothing could be rolled back, and nothing need be: the page was answered
            self.session.registry.clear()


db = Database(model_class=Base)
migrate = Migrate()
login = LoginManager()
csrf = CSRFProtect()
bootstrap = Bootstrap5()
limiter = Limiter(get_remote_address)


@event.listens_for(Engine, "connect")
def _tune_sqlite(connection: object, _record: object) -> None:
    """Readers never wait for a writer (WAL), and foreign keys are checked."""
    if type(connection).__module__.startswith("sqlite3"):
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}").close()  # type: ignore[attr-defined]  # the DB-API has no type here


@event.listens_for(Engine, "savepoint")
def _begin_before_savepoint(connection: Connection, _name: str) -> None:
    """A SAVEPOINT outside a transaction would begin a deferred one on SQLite."""
    begin_writing(connection)


@event.listens_for(Engine, "handle_error")
def _leave_read_only_connections(context: ExceptionContext) -> None:
    """PostgreSQL: a connection made while the database was read-only stays so for ever; have all of them made anew."""
    if getattr(context.original_exception, "sqlstate", None) == READ_ONLY:
        context.is_disconnect = True


def begin_writing(connection: Connection) -> None:
    """SQLite: take the write lock now, where the driver would wait for the first write. Else nothing."""
    if connection.dialect.name == "sqlite" and not is_writing(connection):
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # by SQLAlchemy, whose errors say that the database was busy


def is_writing(connection: Connection) -> bool:
    """True if an SQLite connection is inside a transaction: reads before the first write run on their own."""
    return bool(getattr(connection.connection.driver_connection, "in_transaction", False))
