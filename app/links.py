"""Absolute addresses for letters, which are written where no request tells how people reach the site: PUBLIC_URL."""

from urllib.parse import urlsplit

from flask import current_app


def to(endpoint: str, **values: object) -> str:
    """Where people find a page: `to("runs.show", run_id=…)`."""
    public = urlsplit(current_app.config["PUBLIC_URL"])
    adapter = current_app.url_map.bind(public.netloc, script_name=public.path or "/", url_scheme=public.scheme)
    return adapter.build(endpoint, values, force_external=True)


def absolute(address: str) -> str:
    """The address of a page of ours (`/…`) as people reach it; another site's is left as it is."""
    return current_app.config["PUBLIC_URL"] + address if address.startswith("/") else address
