"""How each language writes numbers and moments, and what is said in one that nobody has written."""

from datetime import UTC, datetime

import pytest

from app import languages

AT = datetime(2026, 7, 22, 23, 5, tzinfo=UTC)


def test_english_comes_first_and_each_language_says_its_own_name():
    assert list(languages.known().items())[:3] == [("en", "English"), ("de", "Deutsch"), ("es", "Español")]


@pytest.mark.parametrize(
    ("language", "time_zone", "told"),
    [
        ("en", "UTC", "Wednesday, 22 July 2026, 23:05 UTC"),
        ("en", "America/New_York", "Wednesday, 22 July 2026, 19:05 America/New York"),
        ("de", "Europe/Berlin", "Donnerstag, 23. Juli 2026, 01:05 Europe/Berlin"),
        ("es", "Asia/Kathmandu", "jueves, 23 de julio de 2026, 04:50 Asia/Kathmandu"),
        ("tlh", "Moon/Base", "Wednesday, 22 July 2026, 23:05 UTC"),
    ],
)
def test_moment_is_told_by_a_clock_there(language, time_zone, told):
    assert languages.moment(AT, language, time_zone) == told


@pytest.mark.parametrize(
    ("language", "told"), [("en", "12,345"), ("de", "12.345"), ("es", "12.345"), ("tlh", "12,345")]
)
def test_thousands_are_marked_as_the_language_does(language, told):
    assert languages.number(12_345, language) == told


def test_words_nobody_has_translated_stay_english():
    assert languages.words("de").gettext("Sign in") == "Anmelden"
    assert languages.words("de").gettext("Never said") == "Never said"
    assert languages.words("tlh").gettext("Sign in") == "Sign in"
    assert languages.words("../..").gettext("Sign in") == "Sign in"
