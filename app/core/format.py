"""How numbers, money, areas and moments are shown; shown only, nothing is decided with these.

Digits, separators and dates are those of the reader's language, by Babel.
"""

from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_skeleton
from babel.numbers import format_decimal
from flask import Flask, current_app
from flask_babel import get_locale, gettext, ngettext

from app.core import clock

# Where what Babel calls a long date, a short one and a weekday is not what we want to read:
# English day first and short, Uyghur weekdays not as two letters.
_DAYS = {"en": "d MMM y"}
_DAYS_OF_A_YEAR = {"en": "d MMM"}
_WEEKDAYS = {"ug": "EEEE"}
# Who counts large sums in millions; Chinese counts them in ten thousands.
_IN_MILLIONS = ("en", "ug")


def as_percent(part: int, whole: int) -> str:
    """`part` of `whole` in percent, cut to one decimal, never rounded up (RULES.md §2)."""
    return _decimal(part * 1000 // whole if whole > 0 else 0, 1, least=1)


def as_count(number: int) -> str:
    """How many, with the thousands apart: `1,845`."""
    return _count(number, str(_locale()))


def as_households(number: int) -> str:
    """How many households: `1,845 户`, in English with its plural."""
    return _households(number, str(_locale()))


def as_share(part: int, whole: int) -> str:
    """Count first, percentage second: `1,476/1,845 户，80.0 %`."""
    return _share(part, whole, str(_locale()))


def as_bar(bar: Any) -> str:
    """A share that must be reached (`part`, `whole`, `inclusive`): `80 %`, `三分之二`."""
    if 100 * bar.part % bar.whole == 0:
        share = f"{100 * bar.part // bar.whole} %"
    else:
        known = {(2, 3): gettext("三分之二")}
        share = known.get((bar.part, bar.whole), f"{bar.part}/{bar.whole}")
    return share if bar.inclusive else gettext("超过 %(share)s", share=share)


def as_area(hundredths: int) -> str:
    """An area kept in 0.01 m², in m² with two decimals, as it is typed: `1020.50`."""
    return f"{hundredths // 100}.{hundredths % 100:02d}"


def as_total_area(hundredths: int) -> str:
    """The same to be read by people, with the thousands apart: `160,200.00`."""
    return _decimal(hundredths, 2, least=2)


def as_yuan(fen: int) -> str:
    """Money kept in fen, in yuan: `1,200` or `0.55`; cents only where there are any."""
    return _decimal(fen, 2, least=2) if fen % 100 else as_count(fen // 100)


def as_quantity(hundredths: int) -> str:
    """An amount kept in hundredths, as short as it can be said: `1,020` or `2.5`."""
    return _decimal(hundredths, 2)


def as_wan(fen: int) -> str:
    """Money kept in fen, in units of ten thousand yuan, as budgets are written: `120.5`."""
    return _decimal(fen, 6)


def as_large_sum(fen: int) -> str:
    """Money kept in fen as budgets are spoken of: `578 万元`, `5.78 million yuan`."""
    if _locale().language in _IN_MILLIONS:
        return gettext("%(number)s 百万元", number=_decimal(fen, 8))
    return gettext("%(number)s 万元", number=as_wan(fen))


def _decimal(number: int, places: int, *, least: int = 0) -> str:
    """`number` units of the last of `places` decimals, of which at least `least` are shown."""
    return _with_decimals(number, places, least, str(_locale()))


# A board says the same numbers over and over, and looking up how a language writes them is slow.
@lru_cache(maxsize=20_000)
def _count(number: int, locale: str) -> str:
    return format_decimal(number, locale=locale)


@lru_cache(maxsize=20_000)
def _households(number: int, _language: str) -> str:
    return str(ngettext("%(count)s 户", "%(count)s 户", number, count=as_count(number)))


@lru_cache(maxsize=20_000)
def _share(part: int, whole: int, _language: str) -> str:
    return gettext(
        "%(part)s/%(whole)s 户，%(percent)s %%",
        part=as_count(part),
        whole=as_count(whole),
        percent=as_percent(part, whole),
    )


@lru_cache(maxsize=20_000)
def _with_decimals(number: int, places: int, least: int, locale: str) -> str:
    pattern = "#,##0." + "0" * least + "#" * (places - least)
    return format_decimal(Decimal(number).scaleb(-places), format=pattern, locale=locale)


def _locale() -> Locale:
    # A command has no reader; what it prints is for Chinese eyes, or a program's.
    return get_locale() or Locale("zh")


def local(moment: datetime) -> datetime:
    """A UTC moment on the wall clock of the office."""
    return moment.astimezone(ZoneInfo(current_app.config["BABEL_DEFAULT_TIMEZONE"]))


def as_moment(moment: datetime) -> str:
    """`2026年12月5日 18:00`, or `5 Dec 2026, 18:00`."""
    here = local(moment)
    return gettext("%(day)s %(time)s", day=as_day(here), time=f"{here:%H:%M}")


def as_day(day: date) -> str:
    """`2026年12月5日`, or `5 Dec 2026`; of a moment, the day on the office's wall clock."""
    here = local(day) if isinstance(day, datetime) else day
    locale = _locale()
    return format_date(here, _DAYS.get(locale.language, "long"), locale=locale)


def as_deadline(moment: datetime) -> str:
    """`12月5日（周六）18:00 截止`, on the office's wall clock."""
    here = local(moment)
    locale = _locale()
    weekday = format_date(here, _WEEKDAYS.get(locale.language, "EEE"), locale=locale)
    day = (
        format_date(here, _DAYS_OF_A_YEAR[locale.language], locale=locale)
        if locale.language in _DAYS_OF_A_YEAR
        else format_skeleton("MMMd", here, locale=locale, tzinfo=here.tzinfo)
    )
    return gettext(
        "%(day)s（%(weekday)s）%(time)s 截止", day=day, weekday=weekday, time=f"{here:%H:%M}"
    )


def as_time_left(moment: datetime) -> str:
    """How long until `moment`: whole days, on the last day hours, in the last hour minutes."""
    left = int((moment - clock.now()).total_seconds())
    if left <= 0:
        return gettext("已截止")
    if left >= 86_400:
        days = (local(moment).date() - local(clock.now()).date()).days
        return ngettext("还剩%(num)d天", "还剩%(num)d天", days)
    if left >= 3600:
        return ngettext("还剩%(num)d小时", "还剩%(num)d小时", left // 3600)
    return ngettext("还剩%(num)d分钟", "还剩%(num)d分钟", left // 60 + 1)


def as_code(digits: str) -> str:
    """A 12-digit code in groups of four, as it is printed and read aloud."""
    return _left_to_right(" ".join(digits[i : i + 4] for i in range(0, len(digits), 4)))


def masked_name(name: str) -> str:
    """First character and two stars whatever the length, so the length is not told (TRUST §6)."""
    return _left_to_right(f"{name.strip()[:1]}**")


def masked_phone(phone: str) -> str:
    """`138****1234`; anything too short for that shows only stars."""
    return _left_to_right(f"{phone[:3]}****{phone[-4:]}") if len(phone) >= 11 else "****"


def _left_to_right(text: str) -> str:
    """Groups of digits in the order they are written, also amid writing from right to left."""
    return f"\u2066{text}\u2069" if _locale().text_direction == "rtl" else text


def init(app: Flask) -> None:
    """Give every formatter to the templates under its own name."""
    formatters: tuple[Any, ...] = (
        as_percent,
        as_count,
        as_households,
        as_share,
        as_bar,
        as_area,
        as_total_area,
        as_yuan,
        as_quantity,
        as_wan,
        as_large_sum,
        as_moment,
        as_day,
        as_deadline,
        as_time_left,
        as_code,
        masked_name,
        masked_phone,
    )
    app.jinja_env.globals.update({f.__name__: f for f in formatters})
