from flask import render_template_string, url_for

from app.web import addresses

ASKED = "{{ url_for('posts.show', id=id) }} {{ url_for('search.index', q=q) }}"


def written(**values):
    return render_template_string(ASKED, **values).split()


def test_remembered_addresses_are_flasks_own(app):
    with app.test_request_context("/"):
        for id, question in ((1, "a&b"), (2, "ü"), (1, "a&b"), (2, ["x", "y"]), (3, "long" * addresses.LONGEST)):
            html = [url_for("posts.show", id=id), url_for("search.index", q=question).replace("&", "&amp;")]
            assert written(id=id, q=question) == html


def test_site_below_a_path_has_addresses_of_its_own(app):
    with app.test_request_context("/"):
        assert written(id=1, q="x")[0] == "/posts/1"
    with app.test_request_context("/", base_url="http://localhost/blog"):
        assert written(id=1, q="x")[0] == "/blog/posts/1"


def test_only_so_many_are_remembered(app, monkeypatch):
    monkeypatch.setattr(addresses, "REMEMBERED", 3)
    with app.test_request_context("/"):
        assert [written(id=id, q="x")[0] for id in range(10)] == [f"/posts/{id}" for id in range(10)]
