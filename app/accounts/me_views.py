"""What concerns oneself: proving again who one is, one's password, phone, codes and sign-ins."""

from urllib.parse import urlsplit

from flask import Blueprint, Flask, Response, abort, current_app, flash, redirect, request, session
from flask import url_for as _url_for
from flask_babel import gettext as _
from flask_login import current_user

from app.accounts import actions, desk_sessions, enrolling, passwords, second_factor, signing_in
from app.accounts.enrolling import code_key
from app.accounts.models import Staff, StaffSession
from app.accounts.staff_forms import NewPasswordForm, OtpForm, ProofForm
from app.core import clock
from app.core.db import db, release
from app.core.errors import Refused
from app.core.guards import Role, staff, staff_gate, stepped_up
from app.core.i18n import translated
from app.core.tokens import random_token
from app.core.web import host_of, page, saved

# So long is whoever proved who they are believed for steps that ask for it (ASVS 7.5.3).
SURE_SECONDS = 10 * 60
_NONCE = 26

bp = Blueprint("accounts_me", __name__, url_prefix="/desk")


def init_app(app: Flask) -> None:
    """Register the pages, and who is asked again."""
    staff_gate.is_sure, staff_gate.ask = _is_sure, _ask_again
    app.register_blueprint(bp)


@bp.route("/prove", methods=["GET", "POST"])
@staff(*Role)
def prove() -> Response:
    """Show again who one is, before a step that cannot be taken back."""
    form = ProofForm()
    if form.validate_on_submit():
        try:
            signing_in.prove_again(_myself(), form.otp.data, code_key())
        except Refused as refusal:
            form.otp.errors = [translated(refusal)]
        else:
            return _proved()
    waits = session.get("after_proof") or {"was_sent": False}
    return page("accounts/staff/prove.html", form=form, was_sent=waits["was_sent"])


@bp.get("/me")
@staff(*Role)
def me() -> Response:
    """One's own account: password, second factor, and where one is signed in."""
    person = _myself()
    return page(
        "accounts/staff/me.html",
        person=person,
        codes_left=second_factor.codes_left(person.id),
        sign_ins=desk_sessions.standing(person.id),
        this=desk_sessions.token_digest(current_user.session_token),
    )


@bp.route("/me/password", methods=["GET", "POST"])
@staff(*Role)
@stepped_up
def password() -> Response:
    """Choose another password; every other sign-in ends."""
    form = NewPasswordForm()
    if form.validate_on_submit():
        release()
        hashed = passwords.hashed(form.password.data)
        keep = current_user.session_token
        actions.change_password(_myself(), hashed, keep=keep, by=current_user)
        flash(_("密码已换好，别处的登录都已退出。"))
        return saved(".me")
    return page("accounts/staff/password.html", form=form, username=current_user.username)


@bp.route("/me/second-factor", methods=["GET", "POST"])
@staff(*Role)
@stepped_up
def renew() -> Response:
    """Connect another phone in place of the one before; new recovery codes come with it."""
    form, person = OtpForm(), _myself()
    nonce = session.setdefault("renewing", random_token(_NONCE))
    if form.validate_on_submit():
        try:
            enrolling.confirm(person, form.otp.data, nonce, by=current_user, renews=True)
        except Refused as refusal:
            form.otp.errors = [translated(refusal)]
        else:
            desk_sessions.end_all(person.id, but=current_user.session_token)
            session["recovery_codes"] = session.pop("renewing")
            return saved(".recovery_codes")
    offer = enrolling.offer(person, nonce)
    return page("accounts/staff/renew.html", form=form, person=person, offer=offer)


@bp.route("/me/recovery-codes", methods=["GET", "POST"])
@staff(*Role)
@stepped_up
def recovery_codes() -> Response:
    """Show new recovery codes, this once; or make them."""
    if request.method == "POST":
        nonce = random_token(_NONCE)
        codes = second_factor.recovery_codes(nonce, code_key())
        second_factor.renew_codes(_myself(), codes, code_key(), by=current_user)
        session["recovery_codes"] = nonce
        return saved(".recovery_codes")
    kept = session.pop("recovery_codes", None)
    codes = second_factor.recovery_codes(kept, code_key()) if kept else []
    return page("accounts/staff/recovery_codes.html", codes=codes, username=current_user.username)


@bp.post("/me/sign-ins/<int:session_id>/end")
@staff(*Role)
def end_sign_in(session_id: int) -> Response:
    """End one of one's own sign-ins."""
    found = db.session.get(StaffSession, session_id)
    if found is None or found.staff_id != current_user.id:
        abort(404)
    desk_sessions.end(found, by=current_user)
    flash(_("那里的登录已退出。"))
    return saved(".me")


def _myself() -> Staff:
    return db.session.get_one(Staff, current_user.id)


def _is_sure() -> bool:
    return clock.now().timestamp() - session.get("staff_sure", 0) <= SURE_SECONDS


def _ask_again() -> Response:
    """To the page that asks, and from there back: the way stands in the session, never in an

    address (THREATS.md T10). What was sent is not sent again by itself.
    """
    if request.accept_mimetypes.best == "application/json" or not request.path.isprintable():
        abort(403)
    was_sent = request.method != "GET"
    session["after_proof"] = {"way": _way_back(), "was_sent": was_sent}
    return current_app.make_response(redirect(_url_for("accounts_me.prove"), 303))


def _way_back() -> str:
    """The page that was asked for, or the one from which something was sent."""
    if request.method == "GET":
        return request.full_path.rstrip("?")
    came_from = urlsplit(request.referrer or "")
    is_ours = host_of(request.referrer or "") == request.host and came_from.path.isprintable()
    return came_from.path if is_ours else request.path


def _proved() -> Response:
    session["staff_sure"] = int(clock.now().timestamp())
    waits = session.pop("after_proof", None) or {"way": "", "was_sent": False}
    if waits["was_sent"]:
        flash(_("验证好了。刚才那一步还没有做，请再做一次。"))
    response = saved(".me")
    path, way = waits["way"].partition("?")[0], waits["way"]
    if path.startswith("/desk") and current_app.url_map.bind("").test(path, method="GET"):
        response.headers["Location"] = way
    return response
