"""Address rules that are read at once, as ever, but compiled to build addresses with only when one is first built.

Werkzeug makes two Python functions of each rule. For a hundred rules that took more than half of `create_app`, and most
processes (each worker, each command) build a handful of addresses or none.
"""

from collections.abc import Callable
from typing import Any

from werkzeug.routing import Rule

Builder = Callable[..., tuple[str, str]]


class LazyRule(Rule):
    """A rule whose two builders are compiled when they are first called."""

    def _compile_builder(self, append_unknown: bool = True) -> Builder:
        compile_now = super()._compile_builder
        compiled: list[Builder] = []

        def build(rule: Rule, **values: Any) -> tuple[str, str]:
            if not compiled:
                compiled.append(compile_now(append_unknown))
            return compiled[0](rule, **values)

        return build
