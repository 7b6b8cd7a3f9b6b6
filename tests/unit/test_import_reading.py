"""Every bad file ends in a sentence that says what to do; the good ones in rows."""

import io
import stat
import struct
import zipfile
from contextlib import contextmanager

import pytest

from app.errors import Invalid
from app.services.imports import limits
from app.services.imports.reading import opened
from tests.archives import POSTS, as_json, as_zip

GOOD = as_json(*POSTS)
POST = b'{"posts":[{"body":"%s","timestamp":"2020-01-01T00:00:00Z"}]}'


def rows_of(content):
    with opened(io.BytesIO(content)) as reading:
        return list(reading.rows())


def bodies(content):
    return [row.body for row in rows_of(content)]


@contextmanager
def refused(*words):
    with pytest.raises(Invalid) as refusal:
        yield
    for word in words:
        assert word in refusal.value.message


@pytest.mark.parametrize(
    "content",
    [
        GOOD,
        b"\xef\xbb\xbf" + GOOD,
        b" \n" + GOOD,
        as_zip(("posts.txt", b"not read"), ("posts.json", GOOD)),
        as_zip(("posts/posts.json", GOOD), ("__MACOSX/posts/posts.json", b"")),
    ],
    ids=["json", "byte order mark", "blanks", "our export", "packed again in a folder"],
)
def test_good_file_gives_its_posts(content):
    found = rows_of(content)

    assert [row.body for row in found] == ["Hello", "Naïve café ☕", "From the east"]
    assert [row.created_at.isoformat() for row in found] == [
        "2021-05-01T10:00:00+00:00",
        "2021-05-02T10:00:00.123456+00:00",
        "2021-05-02T20:00:00+00:00",
    ]


def test_other_names_and_entries_do_not_disturb():
    content = (
        b'{"title":{"posts":[1]},"posts":[{"body":"a","tags":["x",{"body":"no"}],"timestamp":"2020-01-01"}],"z":[[]]}'
    )

    assert bodies(content) == ["a"]


def test_entries_that_are_no_posts_are_bad_rows():
    assert [row.problem is None for row in rows_of(b'{"posts":[1,null,"x",[],{},[{"body":"x"}]]}')] == [False] * 6


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", ["neither a zip nor JSON"]),
        (b"<html>", ["neither a zip nor JSON"]),
        (b'{"users":[{"body":"x"}]}', ['no list called "posts"', "found: users"]),
        (b"[1]", ['no list called "posts"']),
        (b'{"posts":{"item":{"body":"a"}}}', ['no list called "posts"']),
        (b'{"posts":[{"a":1},]}', ["breaks at byte 18"]),
        (b'{"posts":[{"a":1},', ["too early", "byte 18", "Fetch it again"]),
        (GOOD + b" x", [f"breaks at byte {len(GOOD) + 1}"]),
        (b'{"posts":[{"body":NaN}]}', ["breaks at byte 18"]),
        (b'{"posts":[' + b"9" * 5000 + b"]}", ["breaks at byte", "overflow"]),
        (b'{"posts":[1e999]}', ["breaks at byte", "overflow"]),
        (b'{"posts":[' + b"[" * 100_000 + b"]" * 100_000 + b"]}", ["nested more than 64 deep"]),
        (b"[" * 100_000, ["nested more than 64 deep"]),
        (POST % "é".encode("latin-1"), ["not UTF-8", "byte 20"]),
        (POST % b"\xed\xa0\x80", ["not UTF-8"]),
        ((POST % b"x").decode().encode("utf-16"), ["not UTF-8"]),
        ((POST % b"x").decode().encode("utf-16-le"), ["not UTF-8"]),
        ((POST % b"x").decode().encode("utf-32"), ["not UTF-8"]),
    ],
)
def test_bad_json_is_refused_with_the_place(content, words):
    with refused(*words):
        rows_of(content)


def test_place_is_exact_far_into_a_file():
    good = b'{"posts":[' + b'{"body":"one more","timestamp":"2020-01-01"},' * 20_000

    with refused(f"breaks at byte {len(good):,}"):
        rows_of(good + b"]}")


@pytest.mark.parametrize(
    ("body", "shown", "replaced"),
    [
        (b"\\ud800x", "\ufffdx", 1),
        (b"\\udc00x", "\ufffdx", 1),
        (b"\\ud83d\\ude00", "😀", 0),
        (b"\\ud83d\\ud83d\\ude00", "\ufffd😀", 1),
        (b"\\ud83dx\\u00e9", "\ufffdxé", 1),
        (b"\\\\ud800", "\\ud800", 0),
    ],
)
def test_half_characters_become_the_replacement_character(body, shown, replaced):
    with opened(io.BytesIO(POST % body)) as reading:
        assert [row.body for row in reading.rows()] == [shown]
        assert reading.replaced == replaced


@pytest.mark.parametrize("piece", [b"\\ud83d\\ude00", b"\\\\ud83d", b"\\ud83d!", b"\\u0434"])
def test_escapes_that_fall_between_two_reads_are_kept(piece):
    text = piece * 30_000

    found = "".join(
        bodies(
            b'{"posts":[%s]}'
            % b",".join(
                b'{"body":"%s","timestamp":"2020-01-01"}' % text[start : start + 4_000 * len(piece)]
                for start in range(0, len(text), 4_000 * len(piece))
            )
        )
    )

    assert (
        found
        == {b"\\ud83d\\ude00": "😀", b"\\\\ud83d": "\\ud83d", b"\\ud83d!": "\ufffd!", b"\\u0434": "д"}[piece] * 30_000
    )


def test_a_post_without_end_is_not_kept_in_memory():
    with refused("over 16 MB"):
        rows_of(b'{"posts":[{"body":"' + b"x" * (limits.BETWEEN_POSTS_BYTES + 200_000) + b'"}]}')


def test_too_many_posts_are_refused(monkeypatch):
    monkeypatch.setattr(limits, "POSTS", 2)

    with refused("more than 2 posts", "Split it"):
        rows_of(GOOD)


PACKED = as_zip(("posts.json", GOOD * 50))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (as_zip(("outbox.json", b""), ("actor.json", b"")), ["No posts.json in it", "outbox.json, actor.json"]),
        (as_zip(), ["No posts.json in it", "nothing"]),
        (as_zip(("a/posts.json", GOOD), ("b/posts.json", GOOD)), ["2 files called posts.json"]),
        (as_zip(("../posts.json", GOOD)), ["leads elsewhere"]),
        (as_zip(("/posts.json", GOOD)), ["leads elsewhere"]),
        (as_zip(("aXb", b""), ("posts.json", GOOD)).replace(b"aXb", b"a\\b"), ["leads elsewhere"]),
        (as_zip(("aXb", b""), ("posts.json", GOOD)).replace(b"aXb", b"a\0b"), ["leads elsewhere"]),
        (PACKED[:-10], ["incomplete download", "Fetch it again"]),
        (PACKED[: len(PACKED) // 2], ["incomplete download"]),
        (PACKED[:60] + b"\0\0\0" + PACKED[63:], ["posts.json is damaged"]),
    ],
)
def test_bad_zip_is_refused(content, words):
    with refused(*words):
        rows_of(content)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_members_of_one_name_are_refused():
    with refused("stands in it 2 times"):
        rows_of(as_zip(("posts.json", GOOD), ("posts.json", GOOD)))


def test_a_link_is_refused():
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        entry = zipfile.ZipInfo("posts.json")
        entry.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(entry, "/etc/passwd")

    with refused("is a link"):
        rows_of(packed.getvalue())


def test_a_password_is_named():
    locked = bytearray(as_zip(("posts.json", GOOD)))
    locked[6] |= 1
    locked[locked.rindex(b"PK\1\2") + 8] |= 1

    with refused("password"):
        rows_of(bytes(locked))


def bomb():
    return as_zip(("posts.json", b'{"posts":[' + b" " * 120_000_000 + b"]}"))


def test_a_bomb_is_refused_before_it_is_read():
    with refused("far too tightly"):
        rows_of(bomb())


def test_a_bomb_that_lies_about_its_size_is_refused():
    lying = bytearray(bomb())
    at = lying.rindex(b"PK\1\2") + 24
    lying[at : at + 4] = struct.pack("<I", 1000)

    with refused("posts.json is damaged"):
        rows_of(bytes(lying))


@pytest.mark.parametrize(
    ("name", "cap"), [("MEMBER_BYTES", 1000), ("TOTAL_BYTES", 1000), ("ENTRIES", 0), ("DIRECTORY_BYTES", 10)]
)
def test_caps_hold(monkeypatch, name, cap):
    monkeypatch.setattr(limits, name, cap)

    with refused("not read"):
        rows_of(PACKED)


def test_bytes_are_counted_while_reading(monkeypatch):
    with opened(io.BytesIO(PACKED)) as reading:
        monkeypatch.setattr(limits, "MEMBER_BYTES", 1000)
        with refused("larger than 2 GB"):
            list(reading.rows())
