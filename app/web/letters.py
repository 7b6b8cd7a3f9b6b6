"""Which letters a member wants, and how they are told; and the link that ends digests, which needs no sign-in."""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from app.errors import Invalid
from app.extensions import csrf, db
from app.services import accounts, activity_choices, letter_choices, letters
from app.web.forms.letters import ActivityForm, ChoiceForm

bp = Blueprint("letters", __name__, url_prefix="/letters")


@bp.get("")
@login_required
def choice_form() -> ResponseReturnValue:
    return _page(ChoiceForm(obj=letter_choices.of(current_user), language=letters.language_of(current_user)))


@bp.post("")
@login_required
def choose() -> ResponseReturnValue:
    form = ChoiceForm()
    if not form.validate():
        return _page(form), 422
    letter_choices.choose(
        current_user, form.digest.data, form.digest_hour.data, form.time_zone.data, form.tells_of_runs.data
    )
    accounts.set_language(current_user, form.language.data)
    db.session.commit()
    flash("So it shall be.")
    return redirect(url_for("letters.choice_form"), 303)


@bp.post("/activities")
@login_required
def choose_activities() -> ResponseReturnValue:
    """How to be told of what concerns the member."""
    form = ActivityForm()
    if not form.validate():
        raise Invalid("There is no such notification, or none by letter.")
    activity_choices.choose(current_user.id, form.choices())
    db.session.commit()
    flash("So it shall be.")
    return redirect(url_for("letters.choice_form", _anchor="activities"), 303)


@bp.get("/unsubscribe/<token>")
def unsubscribe_form(token: str) -> ResponseReturnValue:
    """Ask first: mail servers follow links to look at them."""
    return render_template("letters/unsubscribe.html", member=letter_choices.subscriber(token), is_done=False)


@bp.post("/unsubscribe/<token>")
@csrf.exempt  # RFC 8058: the mail program presses the button, with the link as its only proof
def unsubscribe(token: str) -> ResponseReturnValue:
    member = letter_choices.unsubscribe(token)
    db.session.commit()
    return render_template("letters/unsubscribe.html", member=member, is_done=True)


def _page(form: ChoiceForm) -> str:
    return render_template(
        "letters/choice.html",
        form=form,
        choices=activity_choices.of(current_user.id),
        labels=activity_choices.LABELS,
        with_letter=activity_choices.WITH_LETTER,
    )
