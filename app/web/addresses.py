"""`url_for` in templates: a page asks for a hundred addresses, most of them again and again, so they are remembered."""

from typing import Any

from flask import Flask, request

REMEMBERED, LONGEST = 10_000, 200


def register(app: Flask) -> None:
    """Give it to the application's templates."""
    known: dict[tuple[Any, ...], str] = {}

    def url_for(endpoint: str, **values: Any) -> str:
        """As Flask's, for endpoints with their full name."""
        key = (endpoint, request.script_root, *values.items()) if request else None
        try:
            return known[key] if key else app.url_for(endpoint, **values)
        except KeyError:
            pass
        except TypeError:  # a value that cannot be a key
            return app.url_for(endpoint, **values)
        address = app.url_for(endpoint, **values)
        if key and len(address) <= LONGEST:
            if len(known) >= REMEMBERED:
                known.clear()
            known[key] = address
        return address

    app.jinja_env.globals["url_for"] = url_for
