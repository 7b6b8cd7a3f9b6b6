"""What a post in a file must be, and by what it is known again."""

from datetime import UTC, datetime

import pytest

from app.services.imports import rows

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def read(*entries):
    return list(rows.read(entries, NOW))


def post(body="Hello", timestamp="2020-01-01T00:00:00Z"):
    return {"body": body, "timestamp": timestamp}


@pytest.mark.parametrize(
    ("stamp", "moment"),
    [
        ("2020-01-02T03:04:05Z", "2020-01-02T03:04:05+00:00"),
        ("2020-01-02T03:04:05+00:00Z", "2020-01-02T03:04:05+00:00"),
        ("2020-01-02T03:04:05.123456Z", "2020-01-02T03:04:05.123456+00:00"),
        ("2020-01-02T03:04:05", "2020-01-02T03:04:05+00:00"),
        ("2020-01-02T03:04:05-05:00", "2020-01-02T08:04:05+00:00"),
        ("2020-01-02T03:04:05+14:00", "2020-01-01T13:04:05+00:00"),
        ("2020-01-02", "2020-01-02T00:00:00+00:00"),
    ],
)
def test_dates_are_kept_in_utc(stamp, moment):
    assert rows.moment(stamp, NOW).isoformat() == moment


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        (None, rows.NOT_A_POST),
        ({}, rows.NOT_A_POST),
        (post(body=None), rows.NO_WORDS),
        (post(body=7), rows.NO_WORDS),
        (post(body=" \n\0 "), rows.NO_WORDS),
        (post(body="x" * 25_001), rows.TOO_LONG),
        ({"body": "Hello"}, rows.NO_DATE),
        (post(timestamp=""), rows.NO_DATE),
        (post(timestamp=1577836800), rows.NO_KNOWN_DATE),
        (post(timestamp="yesterday"), rows.NO_KNOWN_DATE),
        (post(timestamp="2020-13-01"), rows.NO_KNOWN_DATE),
        (post(timestamp="0001-01-01T00:00:00+14:00"), rows.NO_KNOWN_DATE),
        (post(timestamp="1969-12-31T23:59:59Z"), rows.TOO_OLD),
        (post(timestamp="2099-01-01T00:00:00Z"), rows.IN_THE_FUTURE),
    ],
)
def test_bad_row_has_a_sentence_and_the_rest_goes_on(entry, problem):
    assert [row.problem for row in read(post(), entry, post("Bye"))] == [None, problem, None]


def test_long_post_is_kept_whole():
    assert read(post(body="é" * 25_000))[0].body == "é" * 25_000


def test_key_is_the_same_for_the_same_words_in_the_same_second():
    one, other = read(post(timestamp="2020-01-01T00:00:00.9Z")), read(post(timestamp="2020-01-01T01:00:00.120+01:00"))

    assert one[0].source_id == other[0].source_id


def test_identical_posts_of_one_second_are_told_apart_by_their_order():
    found = read(post(), post("else"), post(), post())

    assert [row.ordinal for row in found] == [0, 0, 1, 2]
    assert len({row.source_id for row in found}) == 4
    assert [row.source_id for row in read(post(), post(), post())] == [
        found[0].source_id,
        found[2].source_id,
        found[3].source_id,
    ]


def test_bad_rows_take_no_place_in_that_order():
    assert [row.ordinal for row in read(post(), post(timestamp="never"), post())] == [0, 0, 1]
