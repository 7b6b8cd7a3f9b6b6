import pytest

from app.extensions import db
from app.services import posts
from app.web.linking import linked
from tests.visitor import Visitor

NAMES = frozenset({"susan"})


@pytest.fixture(autouse=True)
def inside_a_request(app):
    with app.test_request_context():
        yield


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("hello @Susan!", 'hello <a href="/user/Susan">@Susan</a>!'),
        ("hello @nobody", "hello @nobody"),
        ("#Garden", '<a href="/tag/garden">#Garden</a>'),
        ("#日本", '<a href="/tag/%E6%97%A5%E6%9C%AC">#日本</a>'),
        ("<b>@susan</b>#x", '&lt;b&gt;<a href="/user/susan">@susan</a>&lt;/b&gt;<a href="/tag/x">#x</a>'),
        ('"@susan" onclick=', '&#34;<a href="/user/susan">@susan</a>&#34; onclick='),
        ("a & b #c&#39;", 'a &amp; b <a href="/tag/c">#c</a>&amp;#39;'),
    ],
)
def test_names_and_tags_become_links_and_the_rest_stays_text(text, html):
    assert linked(text, NAMES) == html


def test_addresses_stay_whole(app):
    html = linked("see https://example.com/@susan#garden and @susan", NAMES)

    assert html.count("<a ") == 2
    assert 'href="https://example.com/@susan#garden" rel="nofollow noopener ugc"' in html


def test_without_names_only_addresses_are_links(app):
    assert linked("@susan #garden") == "@susan #garden"


def test_a_post_links_its_names_and_a_tags_page_shows_it(app, susan, john):
    posts.publish(susan, "with @john at the #Kanal")
    db.session.commit()
    visitor = Visitor(app).signed_in(john)

    page = visitor.get("/explore").text
    assert '<a href="/user/john">@john</a>' in page and '<a href="/tag/kanal">#Kanal</a>' in page
    assert "at the" in visitor.get("/tag/KANAL").text
    assert "Nobody has used this hashtag" in visitor.get("/tag/nowhere").text
    assert visitor.get("/tag/2021").status_code == 404
