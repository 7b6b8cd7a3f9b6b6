"""What somebody may type to harm others, and what a page may not hold after they did."""

import json
from xml.etree import ElementTree

from tests.markup import Markup

LONG = "evil" * 120

# by what each would break out of
TEXTS = {
    "markup": '<x-evil onevil="1">evil</x-evil>',
    "script": "<script>window.evil = 1</script>",
    "picture": "<img src=x onerror=evil()> <svg/onload=evil()>",
    "quotes": "\" onevil=\"1\" x='evil ' onevil='1' x=\"evil",
    "ends of elements": "</p></h1></title></textarea></script></style><x-evil>evil",
    "comment": "<!-- evil",
    "section": "<![CDATA[ evil ]]><x-evil/>",
    "template": "evil {{ 7 * 191 }} {% evil %} ${7*191} #{7*191}",
    "addresses": 'javascript:evil() https://example.com/"onevil="1 https://x.com/<x-evil> www.example.com/\'onevil=1',
    "mentions": '@susan"onevil="1 @<x-evil> #evil"onevil="1 #<x-evil> @../evil #../evil',
    "entities": "&lt;x-evil&gt; &amp;lt;x-evil&amp;gt; &#60;x-evil&#62; evil",
    "direction": "evil \u202elive\u202c \u2066evil \u202eevil",
    "unseen": "e\u200bv\u200ci\u200dl \u2060evil\ufeff",
    "length": LONG,
    "lines": "evil\n\nX-Evil: 1\nSubject: evil\n.\n",
}
ANSWERED = "1337"  # 7 × 191: what a template would say
DIRECTIONS = frozenset("\u202a\u202b\u202d\u202e\u2066\u2067\u2068")
BLOCKS = {"p", "h1", "h2", "h3", "li", "td", "th", "dd", "dt", "pre", "code", "title", "textarea", "option", "div"}
SCHEMES = ("/", "?", "#", "http://", "https://", "mailto:")
ATTRIBUTES_WITH_ADDRESSES = ("href", "src", "action", "formaction", "data", "poster", "srcset")


def harm_in(mimetype: str, text: str) -> list[str]:
    """What came of hostile texts in an answer, in words; empty if they stayed text."""
    if mimetype.endswith("json"):
        json.loads(text)
        return []
    if mimetype.endswith("xml") and mimetype != "image/svg+xml":
        tags = {element.tag for element in ElementTree.fromstring(text).iter()}
        return [f"element {tag}" for tag in tags if "evil" in str(tag)]
    return _in_page(Markup(text), text) if mimetype == "text/html" else []


def _in_page(page: Markup, text: str) -> list[str]:
    found = [
        f"element <{each.tag}>" for each in page.elements if "evil" in each.tag or each.tag in ("iframe", "object")
    ]
    found += [f"code in the page: {each}" for each in page.elements if each.tag == "script" and _is_foreign(each)]
    for element in page.elements:
        for name, value in element.attributes.items():
            if "evil" in name or name.startswith("on"):
                found.append(f"attribute {name} of <{element.tag}>")
            if name in ATTRIBUTES_WITH_ADDRESSES and value and not _is_address(value):
                found.append(f"{name}={value} of <{element.tag}>")
    found += [f"comment {comment}" for comment in page.comments if "evil" in comment]
    if ANSWERED in text.replace(",", ""):
        found.append("a template took it for its own")
    if not text.rstrip().endswith("</html>") and "<html" in text:
        found.append("the page is cut off")
    found += [
        f"writing direction runs out of <{'> <'.join(path)}>: {words!r}"
        for path, words in page.pieces
        if DIRECTIONS & set(words) and not _is_kept_apart(path)
    ]
    return found


def _is_foreign(script) -> bool:
    return not script.attributes.get("src", "").startswith("/static/")


def _is_address(value: str) -> bool:
    return value.startswith(SCHEMES) or value.startswith("data:image/") or ":" not in value


def _is_kept_apart(path: tuple[str, ...]) -> bool:
    """True if the words have a paragraph or an isolate (dir, bdi) of their own to turn round in."""
    return path[-1] in BLOCKS or any(name == "bdi" or name.endswith("[dir]") for name in path)
