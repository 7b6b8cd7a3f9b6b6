"""A text as HTML: its addresses, hashtags and mentions as links, and everything else as text."""

from collections.abc import Container

from flask import url_for
from jinja2.utils import urlize
from markupsafe import Markup, escape

from app.services import references

_SHOWN_CHARACTERS = 40
_MAY_LINK = ("://", "www.", "@", "#", "＃")


def linked(text: str, names: Container[str] | None = None) -> Markup:
    """`names` are those that somebody has, in lower case; without them only addresses become links."""
    if not any(mark in text for mark in _MAY_LINK):
        return escape(text)  # most texts, and four times as fast
    if names is None:
        return _with_addresses(text)
    return Markup("").join(_html(piece, names) for piece in references.pieces(text))


def _html(piece: references.Piece, names: Container[str]) -> Markup:
    if piece.tag is not None:
        return _link(url_for("tags.show", tag=piece.tag), piece.text)
    if piece.name is not None and piece.name.lower() in names:
        return _link(url_for("profiles.show", username=piece.name), piece.text)
    return _with_addresses(piece.text)


def _with_addresses(text: str) -> Markup:
    if "://" not in text and "www." not in text:
        return escape(text)
    return Markup(urlize(text, _SHOWN_CHARACTERS, rel="nofollow noopener ugc"))


def _link(address: str, text: str) -> Markup:
    return Markup('<a href="{}">{}</a>').format(address, text)
