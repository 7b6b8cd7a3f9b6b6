"""Made-up facts for every letter there is, so that admins see each before anybody gets one."""

from datetime import timedelta
from typing import Any

from app import clock, links
from app.models import User
from app.services import digests, letter_choices, letters


def render(kind: str, reader: User, language: str) -> letters.Words:
    """The letter as it would go to the reader, in that language. Raises KeyError for a kind that has no facts here."""
    time_zone = letter_choices.of(reader).time_zone
    return letters.render(kind, language, time_zone, member=reader, **_facts(kind, reader))


def _facts(kind: str, reader: User) -> dict[str, Any]:
    now, token = clock.now(), "a-link-that-opens-nothing"
    shown = digests.ShownPost(1, "susan", "The tomatoes finally turned red, and nobody approves. #garden", now)
    facts: dict[str, dict[str, Any]] = {
        "welcome": {"token": token},
        "confirm_address": {"token": token},
        "address_taken": {},
        "new_address": {"token": token},
        "address_changed": {"at": now},
        "password_reset": {"token": token},
        "password_changed": {"at": now},
        "new_sign_in": {"browser": "Firefox on Linux", "address": "203.0.113.7", "at": now},
        "run_ended": {
            "run_id": "0",
            "title": "Export posts",
            "state": "succeeded",
            "text": "Finished: 2,400 posts.",
            "result_url": "/runs/0",
        },
        "new_follower": {"actor": "susan"},
        "mention": {"actor": "susan", "post_id": 1, "body": f"@{reader.username} look at the tomatoes"},
        "reply": {"actor": "susan", "post_id": 1, "body": "Not one of them is ripe."},
        "message": {"actor": "susan"},
        "invitation": {"by": reader, "token": token},
        "account_ends": {"ends_at": now + timedelta(days=14)},
        "files_go": {"run_id": "0", "title": "Export posts", "expires_at": now + timedelta(days=2)},
        "long_away": {
            "since": now - timedelta(days=31),
            "count": 12,
            "is_more": False,
            "unsubscribe": links.to("letters.unsubscribe_form", token=token),
        },
        "digest": {
            "since": now - timedelta(days=7),
            "count": 1,
            "is_more": False,
            "posts": [shown],
            "unsubscribe": links.to("letters.unsubscribe_form", token=token),
        },
        "trial": {},
    }
    return facts[kind]
