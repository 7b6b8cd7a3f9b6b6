import gzip
import os

from app.assets import Assets


def test_fingerprint_follows_what_the_files_hold(tmp_path):
    (tmp_path / "a.css").write_text("one")
    first = Assets(tmp_path, {}).fingerprint
    os.utime(tmp_path / "a.css", (1, 1))
    assert Assets(tmp_path, {}).fingerprint == first

    (tmp_path / "a.css").write_text("two")

    assert Assets(tmp_path, {}).fingerprint != first


def test_in_development_a_change_is_seen_at_once(tmp_path):
    (tmp_path / "a.css").write_text("one")
    watching, still = Assets(tmp_path, {}, is_watching=True), Assets(tmp_path, {})
    before = watching.fingerprint, still.fingerprint

    (tmp_path / "a.css").write_text("longer")

    assert watching.fingerprint != before[0] and watching.find("a.css").body == b"longer"
    assert still.fingerprint == before[1] and still.find("a.css").body == b"one"


def test_texts_are_compressed_and_pictures_are_not(tmp_path):
    (tmp_path / "a.css").write_text("a{}" * 500)
    (tmp_path / "b.png").write_bytes(b"\0" * 500)
    assets = Assets(tmp_path, {"vendor/c.css": tmp_path / "a.css"})

    assert gzip.decompress(assets.find("vendor/c.css").gzipped) == b"a{}" * 500
    assert assets.find("b.png").gzipped is None
