"""Registering, signing in and out."""

import hashlib
from http import HTTPStatus

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_limiter.util import get_remote_address
from flask_login import current_user, login_required, login_user, logout_user

from app import languages
from app.errors import NotAllowed
from app.extensions import db, limiter
from app.extensions import login as login_manager
from app.models import User
from app.services import accounts, confirmations, invitations, letters
from app.services.invitations import Invitation
from app.web import answers, browsers, ways
from app.web.forms.accounts import LoginForm, RegistrationForm

bp = Blueprint("accounts", __name__, url_prefix="/auth")

TOO_OFTEN = "Too many failed attempts to sign in. Wait a few minutes, then try again."
TOO_MANY_REFUSED = "Too many failed attempts to make an account. Wait an hour, then try again."


@login_manager.user_loader
def load_member(cookie_id: str) -> User | None:
    """Flask-Login asks who a cookie belongs to."""
    return accounts.signed_in_as(cookie_id)


@login_manager.unauthorized_handler
def ask_to_sign_in() -> ResponseReturnValue:
    """A program is told so; a person is led to the form and, if they were only reading, back again afterwards."""
    if answers.prefers_json():
        return answers.problem(401, "Please sign in first.")
    flash("Please sign in first.")
    wanted = request.full_path.rstrip("?") if request.method == "GET" else None
    return redirect(url_for("accounts.login", next=wanted))


def _failed(response: Response) -> bool:
    return response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY


def _who_from_where() -> str:
    username = request.form.get("username", "").strip().lower()
    return hashlib.sha256(f"{username}\n{get_remote_address()}".encode()).hexdigest()[:32]


@bp.get("/login")
def login() -> ResponseReturnValue:
    """The form, for those who are not signed in."""
    if current_user.is_authenticated:
        return redirect(url_for("timeline.home"))
    return render_template("accounts/sign_in.html", form=LoginForm())


# Only failures count: signing in often is no offence, guessing is.
@bp.post("/login")
@limiter.limit("100 per 5 minutes", deduct_when=_failed, error_message=TOO_OFTEN)
@limiter.limit("10 per 5 minutes", key_func=_who_from_where, deduct_when=_failed, error_message=TOO_OFTEN)
def sign_in() -> ResponseReturnValue:
    """Check name and password, and begin a sign-in that lasts if asked to."""
    form = LoginForm()
    if not form.validate():
        return render_template("accounts/sign_in.html", form=form), 422
    member = accounts.authenticate(form.username.data or "", form.password.data or "")
    if member is None:
        form.password.errors = ["That username and password do not belong together."]
        return render_template("accounts/sign_in.html", form=form), 422
    if not browsers.knows(member) and member.last_seen_at is not None:
        letters.new_sign_in(member, browsers.name(), get_remote_address())
        db.session.commit()
    login_user(member, remember=form.remember_me.data)
    answer = redirect(_way_back())
    browsers.remember(member, answer)
    return answer


@bp.get("/register")
def register_form() -> ResponseReturnValue:
    """The form, for those who are not signed in."""
    if current_user.is_authenticated:
        return redirect(url_for("timeline.home"))
    return _registration(RegistrationForm(), _invitation())


# A form that says whose name is taken must not be asked about everybody.
@bp.post("/register")
@limiter.limit("50 per hour", deduct_when=_failed, error_message=TOO_MANY_REFUSED)
def register() -> ResponseReturnValue:
    """Make an account; signing in comes next."""
    invitation, form = _invitation(), RegistrationForm()
    if invitation is not None:
        form.email.data = invitation.address
    if not form.validate():
        return _registration(form, invitation), 422
    username, password = form.username.data or "", form.password.data or ""
    language = languages.wanted(asked for asked, quality in request.accept_languages if quality > 0)
    if invitation is not None:
        member = invitations.accept(invitation, username, password, language)
        what_comes = ""
    else:
        member = accounts.register(username, form.email.data or "", password, language)
        confirmations.welcome(member)
        what_comes = " A letter to your address is on its way."
    db.session.commit()
    flash(f"Welcome, {member.username}! Your account is ready: sign in.{what_comes}")
    return redirect(url_for("accounts.login"))


@bp.post("/logout")
@login_required
def sign_out() -> ResponseReturnValue:
    """End this sign-in, remembered or not."""
    logout_user()
    flash("You are signed out.")
    return redirect(url_for("accounts.login"))


def _invitation() -> Invitation | None:
    """The one whose link was followed. Raises Gone if it is no longer good, NotAllowed where one is needed."""
    token = request.args.get("invitation")
    if token:
        return invitations.read(token)
    if invitations.are_needed():
        raise NotAllowed(invitations.CLOSED)
    return None


def _registration(form: RegistrationForm, invitation: Invitation | None) -> str:
    if invitation is not None:
        form.email.data = invitation.address
    return render_template("accounts/register.html", form=form, invitation=invitation)


def _way_back() -> str:
    """Where the member was going, if that is on this site; else home."""
    return ways.back(request.args.get("next", ""))
