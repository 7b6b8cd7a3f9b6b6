"""Letters on their way out: a row first, sent after the commit, once a key, and what each answer of a server does."""

import threading
from datetime import timedelta

import pytest
import sqlalchemy
from sqlalchemy import select

from app import clock
from app.adapters.channels import Away, Later, MemoryChannel, Refused, Unsure
from app.engine import housekeeping
from app.extensions import db
from app.models import Letter, Run
from app.services import delivery, letters
from tests.statements import statements


def write(member, key="k", **changes):
    letters.post([letters.draft("trial", member, key) | changes])
    db.session.commit()
    return only(key)


def only(key):
    db.session.rollback()
    found = db.session.scalar(select(Letter).where(Letter.key == key).execution_options(populate_existing=True))
    assert found is not None
    return found


def due_now(letter):
    letter.next_at = clock.now()
    db.session.commit()


def deliver(channel, holder="a run"):
    with delivery.Postman(holder, lambda _name: channel) as postman:
        for letter in postman.letters():
            postman.deliver(letter)
    return postman


def runs():
    return db.session.scalars(select(Run).where(Run.task == "deliver_letters").order_by(Run.id)).all()


@pytest.fixture
def channel():
    return MemoryChannel()


def test_letter_goes_out_after_the_commit_and_its_words_are_forgotten(mail_server, susan, worker):
    letters.trial(susan)
    assert mail_server.letters == []

    worker.work()

    (letter,) = mail_server.to("susan@example.com")
    assert letter["Subject"] == "Letters arrive"
    kept = db.session.scalar(select(Letter))
    assert (kept.state, kept.text, kept.html) == ("sent", "", None) and kept.sent_at is not None
    assert [(run.state, run.result_text) for run in runs()] == [("succeeded", "1 sent")]


def test_letter_of_a_rolled_back_transaction_was_never_written(susan, worker):
    letters.trial(susan)
    db.session.rollback()

    worker.work()

    assert db.session.scalar(select(Letter)) is None and runs() == []


def test_same_key_is_sent_once(susan, channel):
    write(susan, "k")
    write(susan, "k")
    deliver(channel)
    write(susan, "k")

    deliver(channel)

    assert [message.key for message in channel.sent] == ["k"]


def test_many_letters_are_one_run(mail_server, susan, john, worker):
    for number in range(40):
        letters.post([letters.draft("trial", susan if number % 2 else john, f"k{number}")])

    worker.work()

    assert len(mail_server.letters) == 40 and mail_server.connections == 1
    assert [run.result_text for run in runs()] == ["40 sent"]


def test_database_is_free_while_a_letter_is_under_way(mail_server, susan, worker):
    written = []

    url = db.engine.url

    def write_meanwhile():
        with sqlalchemy.create_engine(url, isolation_level="AUTOCOMMIT").connect() as connection:
            patience = "PRAGMA busy_timeout = 1000" if url.drivername == "sqlite" else "SET lock_timeout = 1000"
            connection.execute(sqlalchemy.text(patience))
            written.append(connection.execute(sqlalchemy.text("UPDATE letter SET language = 'en'")).rowcount)

    mail_server.meanwhile = write_meanwhile
    for number in range(2):
        letters.post([letters.draft("trial", susan, f"k{number}")])

    worker.work()

    assert written == [2, 2]
    assert [run.result_text for run in runs()] == ["2 sent"]


def test_refused_letter_is_dead_and_stays_so(susan, channel):
    letter = write(susan)
    channel.troubles[susan.email] = Refused("550 nobody here.")
    deliver(channel)

    channel.troubles.clear()
    housekeeping.sweep()
    deliver(channel)

    letter = only("k")
    assert (letter.state, letter.error, channel.sent) == ("dead", "550 nobody here.", [])


def test_busy_mailbox_is_tried_later_and_later(susan, channel):
    write(susan)
    channel.troubles[susan.email] = Later("451 busy.")
    waits = []
    for _attempt in range(4):
        before = clock.now()
        deliver(channel)
        letter = only("k")
        waits.append(((letter.next_at - before).total_seconds(), (letter.next_at - clock.now()).total_seconds()))
        due_now(letter)

    assert only("k").attempts == 4
    for place, (at_most, at_least) in enumerate(waits):
        assert at_most >= 0.5 * 30 * 2**place and at_least <= 30 * 2**place, waits

    channel.troubles.clear()
    deliver(channel)
    assert only("k").state == "sent"


def test_busy_mailbox_is_given_up_after_two_days(susan, channel):
    write(susan, attempts=delivery.MAX_ATTEMPTS - 1)
    channel.troubles[susan.email] = Later("451 busy.")

    deliver(channel)

    assert only("k").state == "dead"
    assert 2 <= sum(min(30 * 2**n, 3600) * 0.75 for n in range(delivery.MAX_ATTEMPTS)) / 86400 * 1.5 <= 4


def test_server_that_is_away_is_no_letters_fault_and_is_asked_once(susan, john, channel):
    asked = []

    class Counting(MemoryChannel):
        def send(self, message):
            asked.append(message.key)
            raise Away("The mail server does not answer.")

    for number in range(5):
        write(susan, f"k{number}")

    deliver(Counting())

    assert asked == ["k0"]
    found = db.session.scalars(select(Letter)).all()
    assert {(letter.state, letter.attempts) for letter in found} == {("waiting", 0)}
    assert all(letter.next_at > clock.now() + timedelta(seconds=20) for letter in found)
    for letter in found:
        due_now(letter)
    deliver(channel)
    assert len(channel.sent) == 5


def test_letter_that_the_server_hangs_up_on_does_not_hold_up_the_others(susan, john, channel, monkeypatch):
    write(susan, "hangs up")
    for key in ("one", "two"):
        write(john, key)
    channel.troubles[susan.email] = Away("It hung up.")
    deliver(channel)
    assert channel.sent == []

    later = clock.now() + timedelta(seconds=2 * delivery.REST_SECONDS)
    monkeypatch.setattr(clock, "now", lambda: later)
    deliver(channel)

    assert [message.key for message in channel.sent] == ["one", "two"]
    assert (only("hangs up").state, only("hangs up").attempts) == ("waiting", 0)


def test_lost_answer_sends_a_letter_again_but_not_a_bulk_one(susan, channel):
    write(susan, "personal")
    write(susan, "bulk", is_bulk=True)
    channel.troubles[susan.email] = Unsure("It fell silent.")

    deliver(channel)

    assert (only("personal").state, only("bulk").state) == ("waiting", "dead")
    assert "may have arrived" in only("bulk").error


@pytest.mark.parametrize("trouble", [Refused, Later, Away, Unsure])
@pytest.mark.parametrize("address", ["susan@example.com", "+4915112345678"])
def test_what_a_server_says_is_kept_without_the_address(susan, channel, caplog, trouble, address):
    write(susan, address=address)
    name = address.partition("@")[0].removeprefix("+")
    channel.troubles[address] = trouble(f"susan.example.org says 550 <{address.upper()}>: no {name}, says {name}.")

    deliver(channel)

    assert only("k").error.startswith("susan.example.org says 550 <…>: no …, says ….")
    assert name not in (only("k").error + caplog.text).replace("susan.example.org", "")


def test_letter_whose_answer_is_lost_each_time_does_not_come_for_ever(susan, channel):
    write(susan)
    copies = []

    class Losing(MemoryChannel):
        def send(self, message):
            copies.append(message.key)
            raise Unsure("It fell silent.")

    for _time in range(8):
        deliver(Losing())
        due_now(only("k"))

    assert len(copies) == delivery.MOST_COPIES
    assert only("k").state == "dead" and "may have arrived" in only("k").error


def test_letters_to_persons_pass_before_bulk(susan, channel):
    for key, is_bulk in (("digest", True), ("reset", False)):
        write(susan, key, is_bulk=is_bulk)

    deliver(channel)

    assert [message.key for message in channel.sent] == ["reset", "digest"]


def test_letter_that_is_too_late_is_not_sent(susan, channel):
    write(susan, expires_at=clock.now() - timedelta(seconds=1))

    deliver(channel)

    assert (only("k").state, channel.sent) == ("dead", [])


def test_letter_that_breaks_the_code_does_not_hold_up_the_others(susan, john):
    class Fragile(MemoryChannel):
        def send(self, message):
            if message.to == susan.email:
                raise ValueError("a bug")
            super().send(message)

    channel = Fragile()
    write(susan, "breaks")
    write(john, "fine")

    deliver(channel)

    assert (only("breaks").state, only("fine").state) == ("dead", "sent")


def test_letter_in_anothers_hand_is_left_alone_until_their_time_is_over(susan, channel):
    write(susan)
    first = delivery.Postman("first", lambda _name: channel)
    taken = next(first.letters())

    assert deliver(channel, "second").sent == 0
    db.session.execute(db.update(Letter).values(lease_until=clock.now() - timedelta(minutes=1)))
    db.session.commit()
    assert delivery.is_wanted()
    assert deliver(channel, "second").sent == 1

    first._settle(taken, state="waiting")
    assert only("k").state == "sent"


def test_letter_in_the_hand_of_a_killed_claim_is_taken_back_at_once(susan, channel):
    write(susan, "personal")
    write(susan, "bulk", is_bulk=True)
    killed = delivery.Postman("a run", lambda _name: channel)
    for _two in range(2):
        assert killed._take() is not None

    deliver(channel, "a run")

    assert [message.key for message in channel.sent] == ["personal"]
    assert only("bulk").state == "dead"


def test_letter_taken_and_not_begun_is_put_back(susan, channel):
    write(susan, is_bulk=True)

    with delivery.Postman("a run", lambda _name: channel) as postman:
        next(postman.letters())

    assert only("k").state == "waiting"


def test_postmen_at_once_never_have_the_same_letter(app, susan):
    letters.post([letters.draft("trial", susan, f"k{number}") for number in range(60)])
    db.session.commit()
    channels = [MemoryChannel() for _postman in range(4)]

    def carry(channel):
        with app.app_context():
            deliver(channel, str(id(channel)))

    threads = [threading.Thread(target=carry, args=(channel,)) for channel in channels]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    sent = [message.key for channel in channels for message in channel.sent]
    assert sorted(sent) == sorted(f"k{number}" for number in range(60))


def test_sweep_asks_for_a_postman_where_a_letter_waits_without_one(mail_server, susan, worker):
    write(susan, "k")
    for run in runs():
        db.session.delete(run)
    db.session.commit()

    housekeeping.sweep()
    housekeeping.sweep()

    assert len(runs()) == 1
    worker.work()
    assert len(mail_server.letters) == 1
    housekeeping.sweep()
    assert len(runs()) == 1


def test_sweep_asks_again_once_a_letter_that_was_put_off_is_due(mail_server, susan, worker):
    mail_server.answers["susan@example.com"] = "451 4.3.0 busy"
    letters.trial(susan)
    worker.work()
    housekeeping.sweep()
    assert len(runs()) == 1

    mail_server.answers.clear()
    due_now(db.session.scalar(select(Letter)))
    housekeeping.sweep()
    worker.work()

    assert len(mail_server.letters) == 1


def test_next_letter_is_found_by_an_index_however_many_wait(susan):
    if db.engine.dialect.name != "sqlite":
        pytest.skip("SQLite chooses without looking at the rows; PostgreSQL looks")
    with statements() as asked:
        delivery.is_wanted()
    due = next(each for each in asked if "ORDER BY" in each)

    parameters = ["2026-11-22"] + [1] * (due.count("?") - 1)
    plan = db.session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {due}", tuple(parameters)).all()

    assert "ix_letter_waiting" in str(plan) and "TEMP B-TREE" not in str(plan)


def test_member_who_is_gone_gets_no_letter(susan, mary, channel):
    write(mary)
    db.session.delete(mary)
    db.session.commit()

    deliver(channel)

    assert channel.sent == [] and db.session.scalar(select(Letter)) is None
