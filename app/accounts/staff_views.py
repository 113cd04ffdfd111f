"""Staff sign in and out, and look after the accounts of their area."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from flask import Blueprint, Flask, Response, abort, current_app, flash, redirect, request, session
from flask import url_for as _url_for
from flask_babel import gettext as _
from flask_login import LoginManager, current_user, login_user, logout_user

from app.accounts import actions, queries
from app.accounts.forms import LoginForm, PersonForm
from app.accounts.models import Staff
from app.core import clock
from app.core.db import db
from app.core.errors import Refused
from app.core.guards import Identity, Role, public, staff, staff_gate
from app.core.web import page, saved
from app.roster.models import Area

IDLE, ABSOLUTE = timedelta(minutes=30), timedelta(hours=8)
# So long is whoever proved who they are believed for steps that ask for it (ASVS 7.5.3).
SURE = timedelta(minutes=10)

login_bp = Blueprint("accounts_login", __name__)
bp = Blueprint("accounts_staff", __name__, url_prefix="/desk")
manager = LoginManager()


def init_app(app: Flask) -> None:
    """Register the pages and tell Flask-Login who is who."""
    manager.init_app(app)
    staff_gate.remembered = _remembered
    staff_gate.is_sure, staff_gate.ask = _is_sure, _ask_again
    app.register_blueprint(login_bp)
    app.register_blueprint(bp)


@manager.user_loader
def _load(session_key: str) -> Identity | None:
    """The signed-in person, unless the session idled too long or got too old (THREATS.md §4)."""
    if not _is_fresh(session):
        return None
    now = clock.now().timestamp()
    # Polls of a page left open keep nobody signed in; and a cookie a minute is enough.
    if now - session["staff_seen"] > 60 and not request.path.endswith(("/live", "/progress")):
        session["staff_seen"] = int(now)
    return queries.identity_of(session_key)


def _remembered(kept: Mapping[str, Any]) -> Identity | None:
    """The same from memory alone; None also when somebody has to be looked up first."""
    return queries.remembered(kept.get("_user_id", "")) if _is_fresh(kept) else None


def _is_fresh(kept: Mapping[str, Any]) -> bool:
    now = clock.now().timestamp()
    idle, age = now - kept.get("staff_seen", 0), now - kept.get("staff_began", 0)
    return idle <= IDLE.total_seconds() and age <= ABSOLUTE.total_seconds()


@manager.unauthorized_handler
def _sign_in_first() -> Response:
    if request.accept_mimetypes.best == "application/json":
        abort(401)
    # A line break in an address would break the redirect after signing in.
    if request.method == "GET" and request.full_path.isprintable():
        session["after_login"] = request.full_path.rstrip("?")
    return current_app.make_response(redirect(_url_for("accounts_login.login"), 303))


def _is_sure() -> bool:
    return clock.now().timestamp() - session.get("staff_sure", 0) <= SURE.total_seconds()


def _ask_again() -> Response:
    abort(403)


@login_bp.route("/login", methods=["GET", "POST"])
@public
def login() -> Response:
    """Sign in with user name and password."""
    form = LoginForm()
    if form.validate_on_submit():
        try:
            person = actions.check_password(form.username.data, form.password.data)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            if person:
                return _begin(person)
            form.form_errors = [_("用户名或密码不对。")]
    return page("accounts/staff/login.html", form=form)


@login_bp.post("/logout")
@public
def logout() -> Response:
    """Sign out of the desk."""
    logout_user()
    return saved("accounts_login.login")


@bp.get("/people")
@staff(Role.OFFICE, Role.DISTRICT)
def people() -> Response:
    """Who works within this person's scope."""
    return page("accounts/staff/people.html", people=queries.people_within(current_user))


@bp.route("/people/new", methods=["GET", "POST"])
@staff(Role.OFFICE, Role.DISTRICT)
def add_person() -> Response:
    """Make an account for a colleague."""
    form = _person_form()
    if form.validate_on_submit():
        area = db.session.get(Area, form.area.data) if form.area.data else None
        values = (form.username.data, form.name.data, Role(form.role.data), area)
        try:
            actions.create_staff(*values, form.password.data, by=current_user)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            flash(_("账号已建好，请当面把初始密码告诉本人。"))
            return saved(".people")
    return page("accounts/staff/add_person.html", form=form)


@bp.route("/people/<int:staff_id>/close", methods=["GET", "POST"])
@staff(Role.OFFICE, Role.DISTRICT)
def close_person(staff_id: int) -> Response:
    """Confirm, then end an account."""
    person = _load_person(staff_id)
    if request.method == "POST":
        actions.close_staff(person, by=current_user)
        flash(_("账号已停用，这个人的登录马上失效。"))
        return saved(".people")
    return page("accounts/staff/close_person.html", person=person)


def _begin(person: Staff) -> Response:
    target = session.get("after_login")
    session.clear()
    session.permanent = True
    now = int(clock.now().timestamp())
    session["staff_began"] = session["staff_seen"] = session["staff_sure"] = now
    login_user(person.identity)
    response = saved("desk.home")
    if target and target.startswith("/desk"):
        response.headers["Location"] = target
    return response


def _load_person(staff_id: int) -> Staff:
    person = db.session.get(Staff, staff_id)
    if person is None or person.closed_at:
        abort(404)
    if not current_user.reaches(person.area.path if person.area else "/"):
        abort(403)
    return person


def _person_form() -> PersonForm:
    roles = actions.MAY_MAKE[current_user.role]
    areas = queries.areas_within(current_user)
    return PersonForm(areas, list(roles), whole=current_user.area_path == "/")
