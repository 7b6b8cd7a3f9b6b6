import pytest
from werkzeug.routing import BuildError, Map, Rule

from app.web.lazy_rules import LazyRule


def addresses(kind):
    """A map of rules of every sort, bound to a host."""
    rules = [
        kind("/", endpoint="home"),
        kind("/tag/<word>", endpoint="tag"),
        kind("/runs/<id>/files/<path:name>", endpoint="file"),
        kind("/page/<int:number>", endpoint="page"),
        kind("/first", endpoint="page", defaults={"number": 1}),
    ]
    return Map(rules).bind("example.com")


@pytest.mark.parametrize(
    ("endpoint", "values"),
    [
        ("home", {}),
        ("home", {"q": "a b", "page": 2}),
        ("tag", {"word": "größe & co/?"}),
        ("file", {"id": "7", "name": "a folder/posts.zip"}),
        ("page", {"number": 1}),
        ("page", {"number": 12, "since": "x"}),
    ],
)
def test_addresses_are_built_as_by_werkzeugs_own_rules(endpoint, values):
    lazy, usual = addresses(LazyRule), addresses(Rule)

    for _again in range(2):
        for is_open in (True, False):
            built = lazy.build(endpoint, dict(values), append_unknown=is_open)
            assert built == usual.build(endpoint, dict(values), append_unknown=is_open)


def test_what_is_missing_is_told_as_ever():
    with pytest.raises(BuildError):
        addresses(LazyRule).build("tag", {})


def test_each_rule_keeps_its_own_builders():
    lazy = addresses(LazyRule)

    assert [lazy.build("tag", {"word": word}) for word in "ab"] == ["/tag/a", "/tag/b"]
    assert lazy.build("page", {"number": 3}) == "/page/3"


def test_an_app_that_builds_no_address_compiles_none(monkeypatch):
    compiled = []
    monkeypatch.setattr(Rule, "_compile_builder", lambda rule, _unknown=True: compiled.append(rule.rule))

    addresses(LazyRule)

    assert compiled == []
