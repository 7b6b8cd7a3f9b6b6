from xml.etree import ElementTree

from app.services import avatars


def test_picture_is_the_same_for_a_name_in_any_case():
    assert avatars.fingerprint("Susan") == avatars.fingerprint("susan") != avatars.fingerprint("john")


def test_picture_is_svg_without_style_or_script():
    drawings = [avatars.drawing(avatars.fingerprint(f"member{number}")) for number in range(200)]

    assert len(set(drawings)) == 200
    for drawing in drawings:
        tags = {element.tag.rpartition("}")[2] for element in ElementTree.fromstring(drawing).iter()}
        assert tags <= {"svg", "rect", "path"} and "style" not in drawing


def test_nothing_is_drawn_for_what_is_no_fingerprint():
    assert avatars.drawing("../../etc/passwd") is None
