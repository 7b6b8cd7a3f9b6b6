"""When a digest is due: by the member's own clock, on the days when that clock is changed too."""

from datetime import UTC, datetime

import pytest

from app.models import LetterChoice
from app.services import letter_choices


def due(after, digest="daily", hour=8, zone="Europe/Berlin"):
    choice = LetterChoice(digest=digest, digest_hour=hour, time_zone=zone)
    return letter_choices.next_digest(choice, datetime.fromisoformat(after).replace(tzinfo=UTC))


@pytest.mark.parametrize(
    ("after", "options", "expected"),
    [
        ("2026-11-22T06:59", {}, "2026-11-22T07:00"),
        ("2026-11-22T07:00", {}, "2026-11-23T07:00"),
        ("2026-07-01T06:30", {}, "2026-07-02T06:00"),
        ("2026-03-28T07:00", {}, "2026-03-29T06:00"),
        ("2026-10-24T06:00", {}, "2026-10-25T07:00"),
        ("2026-11-22T20:00", {"zone": "Pacific/Auckland"}, "2026-11-23T19:00"),
        ("2026-11-22T00:00", {"zone": "Asia/Kathmandu"}, "2026-11-22T02:15"),
        ("2026-11-22T00:00", {"zone": "Gone/Away"}, "2026-11-22T08:00"),
        ("2026-11-22T12:00", {"digest": "weekly"}, "2026-11-23T07:00"),
        ("2026-11-23T07:00", {"digest": "weekly"}, "2026-11-30T07:00"),
        ("2026-11-22T12:00", {"digest": "weekly", "zone": "Pacific/Auckland"}, "2026-11-22T19:00"),
    ],
)
def test_next_digest_is_at_the_members_hour(after, options, expected):
    assert due(after, **options) == datetime.fromisoformat(expected).replace(tzinfo=UTC)


def test_hour_that_a_change_of_clocks_leaves_out_still_comes():
    assert due("2026-03-29T00:00", hour=2).isoformat() == "2026-03-29T01:00:00+00:00"


def test_hour_that_a_change_of_clocks_brings_twice_comes_once():
    first = due("2026-10-24T23:00", hour=2)
    assert first.isoformat() == "2026-10-25T00:00:00+00:00"

    assert due(first.isoformat()[:16], hour=2).isoformat() == "2026-10-26T01:00:00+00:00"


def test_never_is_never():
    assert due("2026-11-22T12:00", digest="never") is None
