"""A person at a browser without JavaScript: keeps cookies, and sends the token of the last page with each form."""

import re
from typing import Any

from flask import Flask, g
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.models import User
from tests.application import login
from tests.cast import PASSWORD

TOKEN = re.compile(r'<meta name="csrf-token" content="([^"]+)">')
JSON = {"Accept": "application/json"}


class Visitor:
    """`csrf` off: forms need no token."""

    def __init__(self, app: Flask) -> None:
        self.client: FlaskClient = app.test_client()
        self.token = ""

    def signed_in(self, member: User) -> "Visitor":
        login(self.client, member)
        return self

    def signs_in(self, username: str, password: str = PASSWORD, path: str = "/auth/login", **more: Any) -> TestResponse:
        """Through the form."""
        self.get("/auth/login")
        return self.post(path, username=username, password=password, **more)

    def get(self, path: str, **options: Any) -> TestResponse:
        response = self.send("GET", path, **options)
        found = TOKEN.search(response.get_data(as_text=True)) if response.mimetype == "text/html" else None
        self.token = found[1] if found else self.token
        return response

    def post(self, path: str, headers: dict[str, str] | None = None, **form: Any) -> TestResponse:
        return self.send("POST", path, headers=headers, data={"csrf_token": self.token, **form})

    def send(self, method: str, path: str, **options: Any) -> TestResponse:
        # the test's app context lives on, and with it what extensions keep there for the length of a request
        for name in ("_login_user", "csrf_token", "csrf_valid"):
            g.pop(name, None)
        response = self.client.open(path, method=method, **options)
        g.pop("_login_user", None)
        return response
