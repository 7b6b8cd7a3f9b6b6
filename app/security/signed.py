"""Links that prove something: values signed for one purpose, good for so long; once only is the caller's to see to.

What stands in them can be read by whoever holds them, but not changed.
"""

from typing import Any

from flask import current_app
from itsdangerous import BadSignature, URLSafeTimedSerializer


def sign(purpose: str, values: Any) -> str:
    """The values (JSON) as a text that fits into an address."""
    return _serializer(purpose).dumps(values)


def read(purpose: str, token: str, max_age_seconds: int | None) -> Any:
    """The values signed for this very purpose; None if the token is forged, damaged or older than that."""
    try:
        return _serializer(purpose).loads(token, max_age=max_age_seconds)
    except BadSignature:
        return None


def _serializer(purpose: str) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt=f"microblog {purpose}")
