"""Two or more at one instant: each act in a thread of its own, all let go together, again and again."""

import threading
from collections.abc import Callable

from flask import Flask

from app.extensions import db
from tests.processes import PATIENCE_SECONDS

Act = Callable[[int], object]


def together(app: Flask, rounds: int, *acts: Act, before: Act | None = None) -> list[BaseException]:
    """Call every act with the round's number at once; `before` goes ahead of each round, alone. What they raised."""
    raised: list[BaseException] = []
    begin = threading.Barrier(len(acts), action=_counted(app, before), timeout=PATIENCE_SECONDS)

    def fight(act: Act) -> None:
        with app.app_context():
            for number in range(rounds):
                try:
                    begin.wait()
                    act(number)
                except Exception as error:
                    raised.append(error)
                    db.session.rollback()
                if begin.broken:  # `before` failed, or somebody did not come
                    break
            db.session.remove()

    threads = [threading.Thread(target=fight, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    db.session.rollback()
    return raised


def _counted(app: Flask, before: Act | None) -> Callable[[], None]:
    rounds = iter(range(10**9))

    def act() -> None:
        number = next(rounds)
        if before is not None:
            with app.app_context():
                before(number)
                db.session.remove()

    return act
