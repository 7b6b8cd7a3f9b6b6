"""The languages we write to people in: their words, out of `translations/`, and how each writes numbers and moments.

English stands in the templates themselves. Every name here that a template uses looks for `language` and `time_zone`
among what the template was given; without them it speaks English, and tells times in UTC.
"""

import logging
import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from functools import cache, lru_cache
from gettext import NullTranslations
from io import BytesIO
from pathlib import Path

from babel import Locale, dates, numbers
from babel.messages.catalog import Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations
from flask import Flask
from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import escape

from app import clock

ENGLISH = "en"
FOLDER = Path(__file__).parent / "translations"
_LOCALES = {ENGLISH: "en_GB"}  # days before months, and no AM
_PLACEHOLDER = re.compile(r"%\((\w+)\)s")

log = logging.getLogger(__name__)


def init_app(app: Flask) -> None:
    """Let templates say `_("…")`, `{% trans %}`, `count | number`, `at | moment` and `language | tag`."""
    app.jinja_env.add_extension("jinja2.ext.i18n")
    install = app.jinja_env.install_gettext_callables  # type: ignore[attr-defined]  # added by the extension, untyped
    install(_gettext, _ngettext, newstyle=True)
    app.jinja_env.filters.update(moment=_moment, number=_number, tag=tag)


@cache
def known() -> dict[str, str]:
    """Each language's code and its own name for itself, English first: `{"en": "English", "de": "Deutsch"}`."""
    codes = sorted(file.parent.parent.name for file in FOLDER.glob("*/LC_MESSAGES/messages.po"))
    return {code: _own_name(code) for code in (ENGLISH, *codes)}


def or_english(language: str) -> str:
    """The language, or English where it is one that we do not write (any more)."""
    return language if language in known() else ENGLISH


def wanted(ranges: Iterable[str]) -> str:
    """The language that a browser's ranges ask for, the dearest first: `de-AT`, else `de`, then the next; else English.

    Looked up as RFC 4647 has it (3.4), so `en-US, de;q=0.5` is English.
    """
    written = {tag(code).lower(): code for code in known()}
    for asked in ranges:
        wider = asked.lower().replace("_", "-")
        while wider:
            if wider in written:
                return written[wider]
            wider = wider.rpartition("-")[0]
    return ENGLISH


def tag(language: str) -> str:
    """The language as letters and pages name it (RFC 5646): `pt-BR` for the catalogue pt_BR."""
    return language.replace("_", "-")


@cache
def words(language: str) -> NullTranslations:
    """The language's catalogue. What it lacks or gets wrong stays English: no letter is lost over a translator's slip.

    English has an empty one, as any that nobody has written or that cannot be read.
    """
    if language not in known() or language == ENGLISH:
        return NullTranslations()
    try:
        return _read(language)
    except Exception:  # whatever the file, its encoding or its rule for plurals makes Babel raise
        log.exception("the catalogue of %s cannot be read: its letters are English", language)
        return NullTranslations()


def is_sound(message: Message) -> bool:
    """True if what was translated tells the same facts as the English; the forms of a plural may leave some out."""
    asked = {name for text in _forms(message.id) for name in _placeholders(text) or ()}
    told = [_placeholders(text) for text in _forms(message.string or "")]
    if message.pluralizable:
        return all(names is not None and names <= asked for names in told)
    return told == [asked]


def moment(at: datetime, language: str, time_zone: str) -> str:
    """ "Sunday, 22 November 2026, 07:43 Europe/Berlin": the moment by a clock there, as the language writes it.

    In the hour that comes twice in autumn, which of the two: "02:30 CEST Europe/Berlin".
    """
    there = at.astimezone(clock.zone(time_zone))
    comes_twice = there.replace(fold=0).utcoffset() != there.replace(fold=1).utcoffset()
    written = f"{there:%H:%M %Z}" if comes_twice else f"{there:%H:%M}"
    return f"{_day(there.date(), _locale(language))}, {written} {there.tzinfo}".replace("_", " ")


def number(count: int, language: str) -> str:
    """A whole number with the language's marks between thousands: 12,345 or 12.345."""
    return numbers.format_decimal(count, locale=_locale(language))


@lru_cache(maxsize=1000)
def _day(day: date, locale: str) -> str:
    """Babel takes 50 µs for one, and a round of digests tells of the same few days in every letter."""
    return dates.format_date(day, "full", locale=locale)


def _read(language: str) -> Translations:
    with (FOLDER / language / "LC_MESSAGES" / "messages.po").open("rb") as file:
        catalogue = read_po(file, locale=language)
    for message in list(catalogue):
        if message.id and message.string and not is_sound(message):
            log.error("%s: %r is badly translated, and stays English", language, message.id)
            catalogue.delete(message.id)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Translations(compiled)


def _forms(text: str | Sequence[str]) -> Sequence[str]:
    return [text] if isinstance(text, str) else text


def _placeholders(text: str) -> set[str] | None:
    """The names of what is filled in; None if a % stands there that would break the filling in."""
    is_broken = "%" in _PLACEHOLDER.sub("", text).replace("%%", "")
    return None if is_broken else set(_PLACEHOLDER.findall(text))


def _own_name(language: str) -> str:
    name = Locale.parse(language).get_display_name() or language
    return name[:1].upper() + name[1:]


def _locale(language: str) -> str:
    written = or_english(language)
    return _LOCALES.get(written, written)


def _language(context: Context) -> str:
    return str(context.get("language", ENGLISH))


@pass_context
def _gettext(context: Context, text: str) -> str:
    return _as_text(context, words(_language(context)).gettext(text))


@pass_context
def _ngettext(context: Context, one: str, many: str, count: int) -> str:
    return _as_text(context, words(_language(context)).ngettext(one, many, count))


def _as_text(context: Context, said: str) -> str:
    """A catalogue holds text, the same for mail in HTML and without: Jinja itself would take it for markup."""
    return escape(said) if context.eval_ctx.autoescape else said


@pass_context
def _moment(context: Context, at: datetime) -> str:
    return moment(at, _language(context), str(context.get("time_zone", "UTC")))


@pass_context
def _number(context: Context, count: int) -> str:
    return number(count, _language(context))
