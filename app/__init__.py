"""The one place where the parts meet."""

from pathlib import Path

from flask import Flask

from app import languages, logs
from app.extensions import bootstrap, csrf, db, limiter, login, migrate
from config import Config

ROOT = Path(__file__).resolve().parent.parent

__all__ = ["create_app", "db"]


def create_app(config: Config | None = None) -> Flask:
    """The whole application, bound to `config` (by default: the environment's). Raises ConfigError."""
    from app import models  # noqa: F401  (registers the tables)
    from app import api, cli, engine, tasks, web
    from app.services import activities, run_letters

    config = config or Config()
    app = web.LeanFlask(
        "microblog",
        root_path=str(ROOT),
        instance_path=config.INSTANCE_PATH,
        template_folder="templates",
        static_folder=None,
        static_url_path="/static",
    )
    app.config.from_object(config)
    Path(app.instance_path).mkdir(parents=True, exist_ok=True)
    logs.configure(app)

    db.init_app(app)
    migrate.init_app(app, db, directory=str(ROOT / "migrations"), render_as_batch=True)
    login.init_app(app)
    csrf.init_app(app)
    limiter.init_app(app)
    bootstrap.init_app(app)
    languages.init_app(app)
    engine.init_app(app, when_ended=(run_letters.write_of, activities.tell_of_run))
    tasks.load(app.config["TASK_MODULES"])
    web.register(app)
    api.register(app)
    cli.register(app)
    return app
