"""The ways in to the desk: signing in, an invitation, and the first second factor; and out."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Flask, Response, abort, current_app, redirect, request, session
from flask import url_for as _url_for
from flask_login import LoginManager, current_user, login_user, logout_user

from app.accounts import desk_sessions, enrolling, invitations, passwords, queries, signing_in
from app.accounts.enrolling import code_key
from app.accounts.models import Staff
from app.accounts.second_factor import NoCode, WrongCode
from app.accounts.staff_forms import LoginForm, NewPasswordForm, OtpForm
from app.core import clock
from app.core.db import db, release
from app.core.errors import Refused
from app.core.guards import Identity, Role, public, staff_gate
from app.core.i18n import translated
from app.core.tokens import keyed_digest, random_token
from app.core.web import page, saved

IDLE_SECONDS = 30 * 60
# So long is whoever gave the right password believed while setting up the phone.
ENROLLING_SECONDS = 15 * 60
NONCE = 26
# Who has no board has the residents' questions.
_HOME_OF = {Role.DESIGNER: "comments_staff.queue", Role.BUILDER: "comments_staff.queue"}

bp = Blueprint("accounts_login", __name__)
manager = LoginManager()


def init_app(app: Flask) -> None:
    """Register the pages and tell Flask-Login who is who."""
    manager.init_app(app)
    staff_gate.remembered = _remembered
    app.register_blueprint(bp)


@manager.user_loader
def _load(token: str) -> Identity | None:
    """The signed-in person, unless the session idled too long or got too old (THREATS.md §4)."""
    if not _is_fresh(session):
        return None
    now = clock.now().timestamp()
    # Polls of a page left open keep nobody signed in; and a cookie a minute is enough.
    if now - session["staff_seen"] > 60 and not request.path.endswith(("/live", "/progress")):
        session["staff_seen"] = int(now)
    return queries.identity_of(token)


def _remembered(kept: Mapping[str, Any]) -> Identity | None:
    """The same from memory alone; None also when somebody has to be looked up first."""
    return queries.remembered(kept.get("_user_id", "")) if _is_fresh(kept) else None


def _is_fresh(kept: Mapping[str, Any]) -> bool:
    now = clock.now().timestamp()
    idle, age = now - kept.get("staff_seen", 0), now - kept.get("staff_began", 0)
    return idle <= IDLE_SECONDS and age <= desk_sessions.LONGEST.total_seconds()


@bp.route("/login", methods=["GET", "POST"])
@public
def login() -> Response:
    """Sign in with user name, password and second factor."""
    form = LoginForm()
    if form.validate_on_submit():
        typed = (form.username.data, form.password.data, form.otp.data)
        try:
            person = signing_in.check(*typed, code_key())
        except (NoCode, WrongCode) as refusal:
            form.otp.errors = [translated(refusal)]
        except Refused as refusal:
            form.refuse(refusal)
        else:
            return _begin(person) if person.enrolled_at else _to_enrol(person)
    return page("accounts/staff/login.html", form=form)


@bp.route("/invite/<string:token>", methods=["GET", "POST"])
@public
def invite(token: str) -> Response:
    """Choose a password of one's own, once; the second factor comes next."""
    form = NewPasswordForm()
    try:
        invitation = invitations.load(token)
        if form.validate_on_submit():
            # A slow hash must not hold the write lock.
            release()
            return _to_enrol(invitations.accept(token, passwords.hashed(form.password.data)))
    except invitations.NotValid as refusal:
        return page("accounts/staff/invitation_over.html", 410, refusal=translated(refusal))
    return page("accounts/staff/accept.html", form=form, invitation=invitation, token=token)


@bp.route("/login/second-factor", methods=["GET", "POST"])
@public
def enrol() -> Response:
    """Connect the phone: nothing else opens before that."""
    person = _enrolling()
    if person is None:
        return current_app.make_response(redirect(_url_for(".login"), 303))
    form, nonce = OtpForm(), session["enrolling"]["nonce"]
    if form.validate_on_submit():
        try:
            enrolling.confirm(person, form.otp.data, nonce, by=person.identity)
        except Refused as refusal:
            form.otp.errors = [translated(refusal)]
        else:
            return _begin(person, codes=nonce)
    offer = enrolling.offer(person, nonce)
    return page("accounts/staff/enrol.html", form=form, person=person, offer=offer)


@bp.post("/logout")
@public
def logout() -> Response:
    """Sign out of the desk."""
    if current_user.is_authenticated:
        desk_sessions.leave(current_user.session_token)
        # Others are told by its signal: whoever signs out helps no home any more.
        logout_user()
    session.clear()
    response = saved(".login")
    # What the browser kept of the desk goes too (THREATS.md T19).
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


def _begin(person: Staff, codes: str = "") -> Response:
    """Open the desk in this browser; new recovery codes are shown first, once."""
    target = session.get("after_login")
    browser = desk_sessions.browser_name(request.user_agent.string)
    token = signing_in.begin(person, browser)
    session.clear()
    session.permanent = True
    now = int(clock.now().timestamp())
    session["staff_began"] = session["staff_seen"] = session["staff_sure"] = now
    login_user(queries.as_signed_in(person, token))
    if codes:
        session["recovery_codes"] = codes
        return saved("accounts_me.recovery_codes")
    response = saved(_HOME_OF.get(person.role, "desk.home"))
    if target and target.startswith("/desk"):
        response.headers["Location"] = target
    return response


def _to_enrol(person: Staff) -> Response:
    """Remember for a quarter of an hour who gave the right password; the desk stays shut."""
    target = session.get("after_login")
    session.clear()
    session["enrolling"] = {
        "id": person.id,
        "nonce": random_token(NONCE),
        "at": int(clock.now().timestamp()),
        "by": _mark_of(person),
    }
    if target:
        session["after_login"] = target
    return saved(".enrol")


def _enrolling() -> Staff | None:
    """Who is setting up the phone, as long as the password they gave is theirs."""
    kept = session.get("enrolling") or {"at": 0}
    if clock.now().timestamp() - kept["at"] > ENROLLING_SECONDS:
        return None
    person = db.session.get(Staff, kept["id"])
    is_theirs = person and not person.closed_at and _mark_of(person) == kept["by"]
    return person if person and is_theirs and not person.enrolled_at else None


def _mark_of(person: Staff) -> str:
    """Tells one password of somebody from the next, and nothing else."""
    return keyed_digest(code_key(), f"enrolling {person.password_hash}")[:16]


@manager.unauthorized_handler
def sign_in_first() -> Response:
    """To the login page, and from there to what was asked for."""
    if request.accept_mimetypes.best == "application/json":
        abort(401)
    # A line break in an address would break the redirect after signing in.
    if request.method == "GET" and request.full_path.isprintable():
        session["after_login"] = request.full_path.rstrip("?")
    return current_app.make_response(redirect(_url_for("accounts_login.login"), 303))
