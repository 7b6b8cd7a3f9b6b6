import pytest

from app.services import texts


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  hello\r\nworld\r", "hello\nworld"),
        ("nul\0 and bell\a", "nul and bell"),
        ("e\u0301", "é"),
        ("lone \ud800 surrogate", "lone  surrogate"),
        (" \n\t ", ""),
    ],
)
def test_what_no_page_should_meet_is_taken_out(typed, kept):
    assert texts.clean(typed) == kept


# the same as in tests/unit/js/count.test.mjs
CASES = [
    ("abc", 3),
    ("e\u0301", 1),
    ("q\u0301\u0323", 1),
    ("👍🏽", 1),
    ("❤️", 1),
    ("👩‍👩‍👧‍👦", 1),
    ("🇩🇪🇫🇷", 2),
    ("日本", 2),
    ("각", 1),
    ("நி", 1),
    ("a\nb", 3),
    ("\u200b", 0),
    ("", 0),
]


@pytest.mark.parametrize(("text", "count"), CASES)
def test_length_is_counted_as_a_person_counts(text, count):
    assert texts.length(text) == count
