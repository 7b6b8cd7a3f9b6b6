"""Handing in a picture: what is kept of it, what is refused, and that nothing is left over."""

import io
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image

from app.extensions import db
from app.models import User
from app.services import avatars
from tests.duels import together
from tests.visitor import Visitor

RED, BLUE = (200, 30, 30), (30, 30, 200)


def picture(kind="PNG", size=(400, 300), **options):
    """Its left half is red, its right half blue."""
    image = Image.new("RGB", size, RED)
    image.paste(BLUE, (size[0] // 2, 0, *size))
    written = io.BytesIO()
    image.save(written, kind, **options)
    return written.getvalue()


def chunk(name, body):
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def bomb(width, height):
    """A few hundred bytes that say they are a huge PNG."""
    head = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 999)) + chunk(b"IEND", b"")
    )


@pytest.fixture
def as_susan(app, susan):
    visitor = Visitor(app).signed_in(susan)
    visitor.get("/profile/edit")
    return visitor


@pytest.fixture
def kept(app):
    """The names of all files in the storage, and of unfinished ones."""
    root = Path(app.config["STORAGE_URL"].removeprefix("file:"))
    return lambda: sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


def hand_in(visitor, content, name="me.png"):
    return visitor.post("/profile/avatar", file=(io.BytesIO(content), name))


def shown(visitor, member, side=avatars.LARGE):
    db.session.refresh(member)
    return visitor.get(f"/avatars/{member.avatar_mark}/{side}.webp")


def opened(response):
    return Image.open(io.BytesIO(response.data))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_a_picture_becomes_squares_shown_everywhere(as_susan, susan, kind):
    assert hand_in(as_susan, picture(kind)).status_code == 303

    for side in (avatars.SMALL, avatars.LARGE):
        response = shown(as_susan, susan, side)
        assert (response.status_code, response.mimetype) == (200, "image/webp")
        assert (opened(response).format, opened(response).size) == ("WEBP", (side, side))
    for page in ("/user/susan", "/profile/edit", "/"):
        assert f"/avatars/{susan.avatar_mark}/" in as_susan.get(page).text


def test_it_is_kept_for_ever_by_who_asked_once(app, as_susan, susan):
    hand_in(as_susan, picture())
    response = shown(Visitor(app), susan)

    assert "immutable" in response.headers["Cache-Control"] and "max-age=31536000" in response.headers["Cache-Control"]
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "Set-Cookie" not in response.headers and "Cookie" not in response.headers.get("Vary", "")
    again = Visitor(app).get(response.request.path, headers={"If-None-Match": response.headers["ETag"]})
    assert again.status_code == 304


def test_only_what_is_seen_is_kept(as_susan, susan):
    """Where it was taken, when, by which camera, a thumbnail of what was cut away: all that is no part of it."""
    exif = Image.Exif()
    exif[0x0110] = "SecretCamera"
    exif.get_ifd(0x8825)[2] = (52.0, 31.0, 12.0)
    hand_in(as_susan, picture("JPEG", exif=exif, comment=b"SecretComment", icc_profile=b"SecretProfile"))

    response = shown(as_susan, susan)
    assert not {"exif", "icc_profile", "xmp"} & opened(response).info.keys()
    assert b"Secret" not in response.data and not opened(response).getexif()


@pytest.mark.parametrize(
    ("orientation", "top_left", "bottom_right"),
    [(1, RED, BLUE), (2, BLUE, RED), (3, BLUE, RED), (4, RED, BLUE), (5, RED, BLUE), (6, RED, BLUE), (8, BLUE, RED)],
)
def test_it_stands_the_right_way_up(as_susan, susan, orientation, top_left, bottom_right):
    exif = Image.Exif()
    exif[0x0112] = orientation
    hand_in(as_susan, picture("JPEG", exif=exif))

    image = opened(shown(as_susan, susan)).convert("RGB")
    last = avatars.LARGE - 10
    for place, colour in (((10, 10), top_left), ((last, last), bottom_right)):
        assert all(abs(one - other) < 40 for one, other in zip(image.getpixel(place), colour, strict=True))
    lies = image.getpixel((10, 10)) == pytest.approx(image.getpixel((10, last)), abs=40)  # halves side by side
    assert lies == (orientation < 5)


def test_transparency_stays(as_susan, susan):
    written = io.BytesIO()
    Image.new("RGBA", (50, 50), (0, 0, 0, 0)).save(written, "PNG")
    hand_in(as_susan, written.getvalue())

    assert opened(shown(as_susan, susan)).getpixel((5, 5))[3] == 0


def test_of_a_moving_picture_the_first_frame_is_kept(as_susan, susan):
    written = io.BytesIO()
    Image.new("RGB", (60, 60), RED).save(
        written, "GIF", save_all=True, append_images=[Image.new("RGB", (60, 60), BLUE)], duration=100
    )
    hand_in(as_susan, written.getvalue(), "me.gif")

    image = opened(shown(as_susan, susan))
    assert not getattr(image, "is_animated", False)
    assert image.convert("RGB").getpixel((30, 30))[0] > 150


@pytest.mark.parametrize("size", [(1, 1), (1, 900), (3000, 2)])
def test_odd_sizes_are_squares_too(as_susan, susan, size):
    assert hand_in(as_susan, picture(size=size)).status_code == 303
    assert opened(shown(as_susan, susan)).size == (avatars.LARGE, avatars.LARGE)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "no PNG, JPEG, WebP or GIF"),
        (b"GIF89a", "no PNG, JPEG, WebP or GIF"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "no PNG, JPEG, WebP or GIF"),
        (b"<!doctype html><script>alert(1)</script>", "no PNG, JPEG, WebP or GIF"),
        (picture("BMP"), "no PNG, JPEG, WebP or GIF"),
        (picture("TIFF"), "no PNG, JPEG, WebP or GIF"),
        (picture("JPEG")[:-400], "no PNG, JPEG, WebP or GIF"),
        (picture("PNG")[:200], "no PNG, JPEG, WebP or GIF"),
        (picture("WEBP")[:80], "no PNG, JPEG, WebP or GIF"),
        (bomb(5000, 5000), "at most 16,000,000 pixels"),
        (bomb(60_000, 60_000), "at most 16,000,000 pixels"),
        (picture("PNG") + b"x" * avatars.MOST_BYTES, "at most 5 MB; this one has 5.0"),
    ],
    ids=["empty", "head", "svg", "html", "bmp", "tiff", "cut jpeg", "cut png", "cut webp", "large", "bomb", "long"],
)
def test_what_is_no_picture_is_refused_by_name_and_nothing_is_left(as_susan, susan, kept, content, sentence):
    hand_in(as_susan, picture())
    before = kept()
    db.session.refresh(susan)
    mark = susan.avatar_mark

    answer = hand_in(as_susan, content)

    assert answer.status_code == 422 and sentence in answer.text
    assert 'value="susan"' in answer.text, "the other form of the page is as it was"
    db.session.refresh(susan)
    assert susan.avatar_mark == mark and kept() == before


def test_no_file_at_all_is_told_too(as_susan):
    answer = as_susan.post("/profile/avatar")
    assert answer.status_code == 422 and "Choose a file first" in answer.text


def test_another_picture_takes_the_first_ones_place_and_its_files(as_susan, susan, kept):
    hand_in(as_susan, picture())
    first = shown(as_susan, susan)
    hand_in(as_susan, picture(size=(90, 90)))

    assert shown(as_susan, susan).status_code == 200
    assert as_susan.get(first.request.path).status_code == 404
    assert len(kept()) == 2


def test_the_same_picture_again_stays(as_susan, susan, kept):
    hand_in(as_susan, picture())
    hand_in(as_susan, picture())

    assert shown(as_susan, susan).status_code == 200 and len(kept()) == 2


def test_two_tabs_at_once_leave_one_picture_that_is_there(app, susan, kept):
    me = susan.id
    db.session.commit()

    def change(_number):
        before = avatars.keep(db.session.get(User, me), io.BytesIO(picture()))
        db.session.commit()
        avatars.remove(before)

    def drop(_number):
        before = avatars.drop(db.session.get(User, me))
        db.session.commit()
        avatars.remove(before)

    def look(_number=0):
        mark = db.session.get(User, me, populate_existing=True).avatar_mark
        assert len(kept()) == (2 if mark else 0)
        assert mark is None or avatars.read(mark, avatars.SMALL)

    assert not together(app, 15, change, change, drop, before=look)
    look()


def test_two_members_with_one_picture_have_a_file_each(app, as_susan, susan, john):
    as_john = Visitor(app).signed_in(john)
    hand_in(as_susan, picture())
    hand_in(as_john, picture())

    as_susan.post("/profile/avatar/remove")

    assert shown(as_john, john).status_code == 200


def test_taken_back_it_is_the_drawn_one_again(as_susan, susan, kept):
    assert "/profile/avatar/remove" not in as_susan.get("/profile/edit").text
    hand_in(as_susan, picture())
    assert "/profile/avatar/remove" in as_susan.get("/profile/edit").text

    for _twice in range(2):
        assert as_susan.post("/profile/avatar/remove").status_code == 303

    assert f"/avatars/{avatars.fingerprint('susan')}.svg" in as_susan.get("/user/susan").text
    assert kept() == []


def test_addresses_of_no_picture_lead_nowhere(app, as_susan, susan):
    hand_in(as_susan, picture())
    db.session.refresh(susan)
    for path in (f"{susan.avatar_mark}/97.webp", f"{'0' * 32}/96.webp", "..%2f..%2fx/96.webp", "nonsense.svg"):
        assert Visitor(app).get(f"/avatars/{path}").status_code == 404


def test_drawn_picture_is_kept_for_ever(app):
    path = f"/avatars/{avatars.fingerprint('susan')}.svg"
    response = Visitor(app).get(path)

    assert (response.status_code, response.mimetype) == (200, "image/svg+xml")
    assert "immutable" in response.headers["Cache-Control"]
    assert "Set-Cookie" not in response.headers and "Cookie" not in response.headers.get("Vary", "")
    assert Visitor(app).get(path, headers={"If-None-Match": response.headers["ETag"]}).status_code == 304
