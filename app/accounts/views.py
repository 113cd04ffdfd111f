"""A household comes in, with the code of its slip or by a phone on file, and leaves again.

What a browser holds is a signed cookie with the session's token and when it was last used; the
database knows only the token's digest, so that reading a page writes nothing.
"""

from datetime import timedelta
from typing import Any

from flask import (
    Blueprint,
    Flask,
    Response,
    abort,
    current_app,
    flash,
    make_response,
    redirect,
    request,
    session,
    url_for,
)
from flask_babel import gettext as _
from sqlalchemy.exc import DBAPIError

from app.accounts import entering, guessing, phone_codes, queries, sessions
from app.accounts.codes import read_code
from app.accounts.entering import Marker
from app.accounts.forms import CodeForm, HomeForm, PhoneCodeForm, PhoneForm
from app.accounts.guessing import NeedsDoor
from app.accounts.phone_codes import AskedTooOften, CodeSpoilt, read_mobile, read_phone_code
from app.core import clock
from app.core.cookies import forget_note, keep_note, kept_note
from app.core.db import db
from app.core.errors import Refused
from app.core.format import as_code
from app.core.forms import Form
from app.core.guards import Claim, Home, current_home, household, household_gate, public
from app.core.i18n import translated
from app.core.limits import TooManyTries
from app.core.tokens import random_token
from app.core.web import page, saved
from app.notices.queries import can_send
from app.roster.models import Building
from app.roster.queries import building_by_token

IDLE, ABSOLUTE = timedelta(minutes=30), sessions.HALF_A_DAY
_KEPT = "household"
# What a browser keeps beside its session: the name under which it asked for a phone code, what was
# typed then, and by which codes it was in. Apart, so that each is as long for everybody (T04).
_ASKED, _TYPED, _MARKER = "asked", "typed", "been-in"
# A number and a door may be read there: no longer than the code is good for.
_TYPED_MINUTES = int(phone_codes.LIFE.total_seconds() // 60)
# A round and its objections are over by then; the marker opens nothing by itself.
_MARKER_MINUTES = 180 * 24 * 60
_MARKS = 8
# Where one goes on after the code, by a word in the address: never an address itself (T10).
_ONWARD = {"comments": "comments.page"}

bp = Blueprint("accounts", __name__)


def init_app(app: Flask) -> None:
    """Register the pages and tell the guard how a household is recognised."""
    household_gate.claim = read_claim
    household_gate.load = load_home
    household_gate.refuse = show_the_way_in
    app.register_blueprint(bp)


@bp.app_context_processor
def _whose() -> dict[str, Any]:
    """Every page of a household says for which home it is, whatever its feature."""
    return {"home_address": _home_address}


@bp.route("/b/<string:token>/enter", methods=["GET", "POST"])
@public
def enter(token: str) -> Response:
    """Two doors, the slip's code and a phone on file; behind them the household's page."""
    building = load_building(token)
    if request.method == "GET":
        session["onward"] = next((word for word in _ONWARD if word == request.args.get("to")), "")
        return _doors(building)
    if "otp" in request.form:
        return _judge_phone_code(building)
    if "phone" in request.form and "code" not in request.form:
        return _ask_for_phone_code(building)
    return _judge_code(building)


@bp.get("/b/<string:token>/enter/phone-code")
@public
def phone_code(token: str) -> Response:
    """Where the six digits are typed; the same whether or not a message was sent."""
    building = load_building(token)
    if not kept_note(_ASKED):
        return make_response(redirect(url_for(".enter", token=token), 303))
    return _phone_code_page(building, PhoneCodeForm())


@bp.post("/leave")
@public
def leave() -> Response:
    """End this browser's household session and forget what it kept of the household."""
    if current_home:
        sessions.leave(current_home.session_id)
    flash(_("已经退出。这部手机上不再显示您家的内容。"))
    return _left()


@bp.route("/homes", methods=["GET", "POST"])
@household
def homes() -> Response:
    """Which of the homes that this phone is on file for: one came in by phone, or sees one."""
    own = queries.homes_on_phone(current_home)
    form = HomeForm(own)
    if form.validate_on_submit():
        moved = sessions.move(current_home, form.household.data)
        return _begin(moved, queries.building_of_home(form.household.data))
    return page("accounts/homes.html", form=form, homes=own)


@bp.get("/home/phones")
@household
def phones() -> Response:
    """On how many phones the household is signed in, and the way out of one or all of them."""
    signed_in = queries.signed_in(current_home, clock.now() - ABSOLUTE)
    own = queries.homes_on_phone(current_home)
    return page("accounts/phones.html", signed_in=signed_in, has_other_homes=len(own) > 1)


@bp.post("/home/phones/leave")
@household
def leave_everywhere() -> Response:
    """End every session of the household, this one too (THREATS.md T25)."""
    sessions.end_all(current_home.household_id)
    flash(_("已经在所有手机上退出。要再进来，凭户码单上的户码。"))
    return _left()


def load_home() -> Home | None:
    """The household this browser speaks for, while the session is neither idle nor too old."""
    claim = read_claim()
    return queries.home_of_session(claim) if claim else None


def read_claim() -> Claim | None:
    """The session that this browser's cookie names, unless it is idle."""
    kept = session.get(_KEPT)
    if not kept:
        return None
    now = clock.now()
    idle = now.timestamp() - kept["seen"]
    if idle > IDLE.total_seconds():
        return None
    # A new cookie once a minute is enough.
    if idle > 60:
        session[_KEPT] = {**kept, "seen": int(now.timestamp())}
    return Claim(sessions.token_digest(kept["token"]), now - ABSOLUTE)


def show_the_way_in() -> Response:
    """To the code page of the last building seen, or to a page that says: scan the poster."""
    if request.accept_mimetypes.best == "application/json":
        return make_response({"error": _("请先填户码。"), "status": "signed-out"}, 401)
    token = session.get("building")
    if token is None:
        return page("accounts/scan.html", status=401)
    was_in = _KEPT in session
    _forget()
    flash(
        _("为了安全，请再填一次户码。没有提交的内容还没有计入。") if was_in else _("请先填户码。")
    )
    onward = request.blueprint if request.blueprint in _ONWARD else None
    return make_response(redirect(url_for("accounts.enter", token=token, to=onward), 303))


def load_building(token: str) -> Building:
    """The building of a poster, or 404; this browser remembers it."""
    building = building_by_token(token) or abort(404)
    session["building"] = building.token
    return building


def _doors(
    building: Building, code: CodeForm | None = None, phone: PhoneForm | None = None
) -> Response:
    """Both doors, with what was typed at one of them and what became of it."""
    # Who was in before is asked for no more than the digits.
    wants_door = not _marker().codes and guessing.is_being_guessed(building.id)
    # What was typed at one door does not stand at the other.
    code_form = code or CodeForm(building, wants_door=wants_door, formdata=None)
    if phone is None and can_send():
        phone = PhoneForm(building, formdata=None, data=kept_note(_TYPED) or {})
    return page(
        "accounts/enter.html",
        building=building,
        form=phone if phone and phone.has_errors else code_form,
        code_form=code_form,
        phone_form=phone if can_send() else None,
    )


def _judge_code(building: Building) -> Response:
    form = CodeForm(building)
    code = read_code(form.code.data) if form.validate_on_submit() else None
    if code is None:
        return _doors(building, code=form)
    form.code.data = as_code(code.digits)
    marker = _marker()
    try:
        entered = entering.enter(building.id, code, _key(), door=form.door, marker=marker)
    except NeedsDoor as refusal:
        form.wants_door = True
        return _refused(form, refusal, building)
    except TooManyTries as refusal:
        form.form_errors = [_("着急就打社区电话，核对身份后换一张新户码单，马上能用。")]
        return _refused(form, refusal, building, 429)
    if entered is None:
        return _told_to_look_again(form, building)
    _remember(marker, entered.mark)
    return _begin(entered.token, building)


def _told_to_look_again(form: CodeForm, building: Building) -> Response:
    """The same answer whichever part of the code or the door is wrong (THREATS.md T01)."""
    if form.wants_door:
        look = _(
            "户码、单元或者房号不对。请对着户码单和门牌再看一遍；也看看户码单是不是%(building)s的。",
            building=building.name,
        )
    else:
        look = _(
            "户码不对。请对着户码单，四个数字一组再看一遍；也看看户码单是不是%(building)s的。",
            building=building.name,
        )
    form.code.errors = [look]
    return _doors(building, code=form)


def _ask_for_phone_code(building: Building) -> Response:
    form, browser = PhoneForm(building), random_token(26)
    try:
        phone_codes.check_open()
        mobile = read_mobile(form.phone.data or "") if form.validate_on_submit() else None
        if mobile is None or form.door is None:
            return _doors(building, phone=form)
        typed = {"phone": mobile, **vars(form.door)}
        phone_codes.ask(building.id, form.door, mobile, browser, _key())
    except AskedTooOften as refusal:
        return _told_to_wait(form, typed, refusal, building)
    except Refused as refusal:
        return _refused(form, refusal, building)
    keep_note(_ASKED, browser)
    keep_note(_TYPED, typed, _TYPED_MINUTES)
    return saved(".phone_code", token=building.token)


def _told_to_wait(
    form: PhoneForm, typed: dict[str, str], refusal: AskedTooOften, building: Building
) -> Response:
    """The code that this browser asked for with the same words may still come: it is typed there.

    Whoever typed something else, or never asked, stays at the door, with what was typed now.
    """
    if not kept_note(_ASKED) or typed != kept_note(_TYPED):
        return _refused(form, refusal, building, 429)
    asking = PhoneCodeForm(formdata=None)
    asking.refuse(refusal)
    return _with_status(_phone_code_page(building, asking), 429)


def _judge_phone_code(building: Building) -> Response:
    form, browser = PhoneCodeForm(), kept_note(_ASKED)
    code = read_phone_code(form.otp.data) if form.validate_on_submit() else None
    if code is None:
        return _phone_code_page(building, form)
    if not browser:
        # Whoever keeps no cookies shares no tries with all others who keep none.
        form.otp.errors = [_("请在这部手机上重新要一个验证码。")]
        return _phone_code_page(building, form)
    try:
        found = phone_codes.use(browser, code, _key())
    except CodeSpoilt as refusal:
        return _spoilt(form, refusal, building)
    if found is None:
        return _told_the_code_is_wrong(form, phone_codes.tries_left(browser), building)
    token = sessions.begin(found.household_id, contact_id=found.contact_id)
    return _begin(token, building, chooses=found.homes > 1)


def _told_the_code_is_wrong(form: PhoneCodeForm, left: int, building: Building) -> Response:
    """The same whether or not a code was sent: tries are counted either way."""
    if not left:
        return _spoilt(form, CodeSpoilt(), building)
    wrong = _(
        "验证码不对，或者过了 10 分钟。要过几次的，只有最后一条短信里的有用。还能试 %(left)s 次。",
        left=left,
    )
    form.otp.errors = [wrong]
    return _phone_code_page(building, form)


def _spoilt(form: PhoneCodeForm, refusal: CodeSpoilt, building: Building) -> Response:
    form.refuse(refusal)
    return _with_status(_phone_code_page(building, form), 429)


def _phone_code_page(building: Building, form: PhoneCodeForm) -> Response:
    typed = kept_note(_TYPED) if kept_note(_ASKED) else None
    return page("accounts/phone_code.html", form=form, building=building, typed=typed)


def _begin(token: str, building: Building, *, chooses: bool = False) -> Response:
    """Bind the browser to the new session; what was known of it before is worth nothing now."""
    if current_home:
        sessions.leave(current_home.session_id)
    _forget()
    session.permanent = True
    session["building"] = building.token
    session[_KEPT] = {"token": token, "seen": int(clock.now().timestamp())}
    onward = _ONWARD.get(session.pop("onward", ""))
    if chooses:
        return saved(".homes")
    return saved(onward, token=building.token) if onward else saved("rounds.home")


def _left() -> Response:
    """Out of the household's pages, to its building; nothing of the home stays in this browser."""
    _forget()
    token = session.get("building")
    response = saved("rounds.building", token=token) if token else saved("rounds.check")
    # Not "cookies": the language and a poster's building may stay, they are nobody's secret.
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


def _forget() -> None:
    session.pop(_KEPT, None)
    # What the household filled in and has not sent yet.
    forget_note("ballot")
    forget_note(_ASKED)
    forget_note(_TYPED)
    # Forms that were loaded for another household must not be sent for this one.
    session.pop("csrf_token", None)


def _marker() -> Marker:
    kept = kept_note(_MARKER) or {}
    return Marker(kept.get("browser", ""), tuple(kept.get("codes", ())))


def _remember(marker: Marker, mark: str) -> None:
    """Let this browser keep that it was in by this code, so that no guesser keeps it out."""
    others = [other for other in marker.codes if other != mark]
    kept = {"browser": marker.browser or random_token(), "codes": [mark, *others][:_MARKS]}
    keep_note(_MARKER, kept, _MARKER_MINUTES)


def _refused(form: Form, refusal: Refused, building: Building, status: int = 422) -> Response:
    form.form_errors = [translated(refusal), *form.form_errors]
    doors = {"code": form} if isinstance(form, CodeForm) else {"phone": form}
    return _with_status(_doors(building, **doors), status)  # type: ignore[arg-type]


def _with_status(response: Response, status: int) -> Response:
    response.status_code = status
    return response


def _home_address() -> str:
    """The door of the home that this browser speaks for; '' when nobody is in, or in an outage."""
    try:
        return current_home.address if current_home else ""
    except DBAPIError:
        db.session.rollback()
        return ""


def _key() -> str:
    key: str = current_app.extensions["juyi_config"].code_key
    return key
