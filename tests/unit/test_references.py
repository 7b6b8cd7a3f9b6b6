import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.services import references


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("hello @Susan", {"susan"}),
        ("@susan, @john.doe. (@mary-ann-)", {"susan", "john.doe", "mary-ann"}),
        ("mail bob@example.com or @@susan", set()),
        ("https://example.com/@susan www.example.com/@susan", set()),
        ("a@ @ @!", set()),
        ("@" + "x" * 65, set()),
        ("お元気@susan", set()),
    ],
)
def test_names_follow_an_at_sign_that_begins_a_word(text, names):
    assert references.names(text) == names


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("#Garden and #garden", {"garden"}),
        ("#Straße #STRASSE", {"strasse"}),
        ("#हिन्दी #日本語 ＃café", {"हिन्दी", "日本語", "café"}),
        ("#cafe\u0301", {"café"}),
        ("#2021 #1", set()),
        ("#20er_jahre,(#x)", {"20er_jahre", "x"}),
        ("C# a#b ##x &#39; https://example.com/#top", set()),
        ("#" + "x" * 65, set()),
        ("#", set()),
    ],
)
def test_hashtags_are_words_of_any_script_in_any_case(text, tags):
    assert references.tags(text) == tags


@given(st.text(alphabet=st.sampled_from("@#＃a1_.-/: \n\u0301wW日é&<"), max_size=40))
def test_the_pieces_are_the_text_whatever_it_is(text):
    found = list(references.pieces(text))

    assert "".join(piece.text for piece in found) == text
    for piece in found:
        assert piece.tag is None or references.fold(piece.tag) == piece.tag
