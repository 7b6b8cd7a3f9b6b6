"""The app object for a server: `granian --interface wsgi microblog:app`, `gunicorn microblog:app`, `flask run`."""

from app import create_app
from app.engine import housekeeping

app = create_app()
housekeeping.start_in_server(app)
