"""The format of our own export and of the tutorial's: `{"posts": [{"body": "…", "timestamp": "…Z"}]}`.

`to` and `cc` may say whom a post is addressed to, as in Mastodon's archives.

Read as a stream of the parser's events: a file of any size takes little memory, and nesting costs nothing.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import ijson

from app.services.imports.json_text import CHUNK_BYTES, JsonText, NotReadable, Readable

MEMBER = "posts.json"
SOURCE = "microblog"
_DEPTH = 64
_OPENS, _CLOSES = {"start_map", "start_array"}, {"end_map", "end_array"}
_ADDRESSES = {"to", "cc"}
_BROKEN = (ijson.JSONError, UnicodeDecodeError, ValueError, OverflowError)
Open = Callable[[], AbstractContextManager[Readable]]


def posts_in(text: JsonText, again: Open) -> Iterator[dict[str, Any] | None]:
    """Each post's body and timestamp as they stand in the file; None for an entry that is no post.

    `again` opens the same JSON anew, to find the byte at which it breaks. Raises NotReadable.
    """
    try:
        yield from _posts(_events(text), text)
    except _BROKEN as error:
        at = _breaks_at(again, text.given)
        raise NotReadable(_sentence(error, at)) from error


def _events(text: JsonText) -> Iterator[tuple[str, Any]]:
    return iter(ijson.basic_parse(text, buf_size=CHUNK_BYTES, use_float=True))


def _posts(events: Iterator[tuple[str, Any]], text: JsonText) -> Iterator[dict[str, Any] | None]:
    """Walks the events by depth: at 1 stand the names of the file's object, at 2 its list called posts, at 3 a post."""
    depth, is_list, has_list = 0, False, False
    names, field = [""], ""
    post: dict[str, Any] | None = None
    for event, value in events:
        if event == "map_key":
            if depth == 1:
                names.append(value)
            elif depth == 3:
                field = value
        elif event in _CLOSES:
            depth -= 1
            if depth == 2 and is_list:
                text.passed_post()
                yield post
            elif depth == 1:
                is_list = False
        elif event in _OPENS:
            if depth == 1 and names[-1] == "posts":
                is_list = event == "start_array"
                has_list = has_list or is_list
            elif depth == 2:
                post = {} if event == "start_map" else None
            elif depth == 3 and post is not None and field in _ADDRESSES:
                post[field], field = [], field if event == "start_array" else ""
            depth += 1
            _check_depth(depth, text)
        elif depth == 3 and post is not None:
            post[field] = value
        elif depth == 4 and post is not None and field in _ADDRESSES:
            post[field].append(value)
        elif depth == 2 and is_list:
            text.passed_post()
            yield None
    if not has_list:
        found = ", ".join(name[:40] for name in names[1:6]) or "nothing"
        raise NotReadable(f'There is no list called "posts" in this file; found: {found}.')


def _check_depth(depth: int, text: JsonText) -> None:
    if depth > _DEPTH:
        where = f"near byte {text.given:,}"
        raise NotReadable(f"The JSON is nested more than {_DEPTH} deep {where}: no list of posts is.")


def _breaks_at(again: Open, given: int) -> int:
    """How many bytes are good: all but the last chunk at once, that one byte by byte."""
    parser, good = ijson.basic_parse_coro(_Nowhere(), use_float=True), 0
    with again() as file:
        text = JsonText(file)
        try:
            while chunk := text.read(CHUNK_BYTES if good + 2 * CHUNK_BYTES < given else 1):
                parser.send(chunk)
                good = text.given
            parser.send(b"")
        except (*_BROKEN, StopIteration):
            pass
    return good


class _Nowhere:
    """Where events go that nobody asked for."""

    def send(self, _event: Any) -> None:
        """Forget it."""


def _sentence(error: Exception, at: int) -> str:
    if isinstance(error, UnicodeDecodeError) or "UTF8" in str(error):
        return f"This file is not UTF-8 at byte {at:,}. Save it again as UTF-8."
    if "premature EOF" in str(error):
        return f"The JSON ends too early, at byte {at:,}. An incomplete download? Fetch it again."
    kind, _, what = str(error).partition("\n")[0].strip().rstrip(".").partition(": ")
    return f"The JSON breaks at byte {at:,} ({what or kind or 'it is no JSON'}). Mend it there, or export it again."
