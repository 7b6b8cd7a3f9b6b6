"""How each language writes numbers and moments, and what is said in one that nobody has written."""

from datetime import UTC, datetime

import pytest
from babel.messages.catalog import Message

from app import languages

AT = datetime(2026, 7, 22, 23, 5, tzinfo=UTC)


def test_english_comes_first_and_each_language_says_its_own_name():
    assert next(iter(languages.known())) == "en"
    assert languages.known().items() >= {"en": "English", "de": "Deutsch", "es": "Español"}.items()


@pytest.mark.parametrize(
    ("language", "time_zone", "told"),
    [
        ("en", "UTC", "Wednesday, 22 July 2026, 23:05 UTC"),
        ("en", "America/New_York", "Wednesday, 22 July 2026, 19:05 America/New York"),
        ("de", "Europe/Berlin", "Donnerstag, 23. Juli 2026, 01:05 Europe/Berlin"),
        ("es", "Asia/Kathmandu", "jueves, 23 de julio de 2026, 04:50 Asia/Kathmandu"),
        ("tlh", "Moon/Base", "Wednesday, 22 July 2026, 23:05 UTC"),
        ("en", "Europe", "Wednesday, 22 July 2026, 23:05 UTC"),
        ("en", "", "Wednesday, 22 July 2026, 23:05 UTC"),
    ],
)
def test_moment_is_told_by_a_clock_there(language, time_zone, told):
    assert languages.moment(AT, language, time_zone) == told


@pytest.mark.parametrize(("hour", "told"), [(0, "02:30 CEST"), (1, "02:30 CET"), (2, "03:30")])
def test_hour_that_comes_twice_says_which_it_is(hour, told):
    at = datetime(2026, 10, 25, hour, 30, tzinfo=UTC)

    assert languages.moment(at, "en", "Europe/Berlin") == f"Sunday, 25 October 2026, {told} Europe/Berlin"


@pytest.mark.parametrize(
    ("language", "told"), [("en", "12,345"), ("de", "12.345"), ("es", "12.345"), ("tlh", "12,345")]
)
def test_thousands_are_marked_as_the_language_does(language, told):
    assert languages.number(12_345, language) == told


@pytest.mark.parametrize(
    ("ranges", "language"),
    [
        (["en-US", "de"], "en"),
        (["de-AT", "en-US", "en"], "de"),
        (["DE_de", "en"], "de"),
        (["fr", "es-419", "en"], "es"),
        (["zh-Hant-TW", "*"], "en"),
        (["", "-", "-de", "d" * 8000, "d-" * 4000], "en"),
        ([], "en"),
    ],
)
def test_browser_gets_the_first_of_its_languages_that_we_write(ranges, language):
    assert languages.wanted(ranges) == language


def test_words_nobody_has_translated_stay_english():
    assert languages.words("de").gettext("Sign in") == "Anmelden"
    assert languages.words("de").gettext("Never said") == "Never said"
    assert languages.words("tlh").gettext("Sign in") == "Sign in"
    assert languages.words("../..").gettext("Sign in") == "Sign in"


@pytest.mark.parametrize(
    ("english", "translated", "is_sound"),
    [
        ("Hello %(name)s", "Hallo %(name)s", True),
        ("Hello %(name)s", "Hallo", False),
        ("Hello %(name)s", "Hallo %(Name)s", False),
        ("Hello %(name)s", "Hallo %s", False),
        ("Hello %(name)s", "Hallo %(name)", False),
        ("Hello", "Zu 100 % hallo", False),
        ("Hello", "Zu 100 %% hallo", True),
        (("%(number)s post", "%(number)s posts"), ("ein Beitrag", "%(number)s Beiträge"), True),
        (("%(number)s post", "%(number)s posts"), ("ein Beitrag", "%(count)s Beiträge"), False),
        (("%(number)s post", "%(number)s posts"), ("", ""), True),
    ],
)
def test_translation_tells_the_facts_that_the_english_tells(english, translated, is_sound):
    assert languages.is_sound(Message(english, translated)) is is_sound


@pytest.fixture
def catalogue(monkeypatch, tmp_path):
    """A folder of translations in which a test writes its own German one."""

    def write(content: bytes) -> None:
        file = tmp_path / "de" / "LC_MESSAGES" / "messages.po"
        file.parent.mkdir(parents=True)
        file.write_bytes(content)

    monkeypatch.setattr(languages, "FOLDER", tmp_path)
    languages.known.cache_clear()
    languages.words.cache_clear()
    yield write
    languages.known.cache_clear()
    languages.words.cache_clear()


HEADER = b'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'


def test_badly_translated_words_stay_english_and_the_log_names_them(catalogue, caplog):
    catalogue(HEADER + b'msgid "Hello %(name)s,"\nmsgstr "Hallo %(nmae)s,"\n\nmsgid "Sign in"\nmsgstr "Anmelden"\n')

    words = languages.words("de")

    assert (words.gettext("Hello %(name)s,"), words.gettext("Sign in")) == ("Hello %(name)s,", "Anmelden")
    assert "Hello %(name)s," in caplog.text


@pytest.mark.parametrize(
    "content",
    [
        HEADER + b'msgid "Sign in"\nmsgstr "\xff"\n',
        HEADER.replace(b"utf-8", b"klingon"),
        HEADER.replace(b"\n\n", b'\n"Plural-Forms: nplurals=2; plural=open(1);\\n"\n\n') + b'msgid "a"\nmsgstr "b"\n',
    ],
)
def test_catalogue_that_cannot_be_read_leaves_its_letters_english(catalogue, caplog, content):
    catalogue(content)

    assert languages.words("de").gettext("Sign in") == "Sign in"
    assert "de cannot be read" in caplog.text


def test_only_a_catalogue_makes_a_language(catalogue):
    catalogue(HEADER)
    (languages.FOLDER / "__pycache__").mkdir()
    (languages.FOLDER / "fr").mkdir()
    (languages.FOLDER / "pt_BR" / "LC_MESSAGES").mkdir(parents=True)
    (languages.FOLDER / "pt_BR" / "LC_MESSAGES" / "messages.po").write_bytes(HEADER)

    assert languages.known() == {"en": "English", "de": "Deutsch", "pt_BR": "Português (Brasil)"}
    assert languages.wanted(["pt-BR"]) == "pt_BR"
    assert languages.tag("pt_BR") == "pt-BR"
