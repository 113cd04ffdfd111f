"""The forms of the roster: what takes a household ledger, and the facts of a compound."""

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField, FileRequired
from wtforms import IntegerField, SelectField, StringField, TextAreaField, ValidationError
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import InputRequired, Length, Regexp

from app.core.forms import Form, HundredthsField, canonical, cleaned, tidied
from app.roster.actions import CompoundFacts
from app.roster.correction import HomeFacts
from app.roster.models import Area, Occupancy, Use

NEW = "new"
# Residents tap this number, so nothing may stand in it that a telephone cannot dial.
_PHONE = r"^(\+?[0-9][0-9 ()-]{4,38})?$"


class UploadForm(Form):
    """A workbook, and what holds for rows that do not say it themselves."""

    file = FileField(
        _l("台账文件"),
        [FileRequired(_l("请选择台账文件。"))],
        render_kw={"accept": ".xlsx,.xls,.ods,.csv,.xlsm"},
    )
    community = SelectField(_l("社区"))
    new_community = StringField(
        _l("新社区名称（上面选「新社区…」时填）"),
        [Length(max=40, message=_l("社区名称太长。"))],
        filters=[lambda text: canonical(text or "")],
        render_kw={"autocomplete": "off"},
    )
    compound = StringField(
        _l("小区名称（台账里没有这一列时填）"),
        [Length(max=40, message=_l("小区名称太长。"))],
        filters=[lambda text: canonical(text or "")],
        render_kw={"autocomplete": "off"},
    )

    def __init__(self, communities: list[Area], scope: str, **kwargs: Any) -> None:
        self.communities = {str(area.id): area for area in communities}
        super().__init__(**kwargs)
        known = [SelectChoice(value=key, label=a.full_name) for key, a in self.communities.items()]
        self.may_make = not any(area.path == scope for area in communities)
        if self.may_make:
            own = SelectChoice(value="", label=_l("不选：台账每一行都写了社区"))
            known = [own, *known, SelectChoice(value=NEW, label=_l("新社区…"))]
        else:
            del self.new_community
        self.community.choices = known

    def validate_new_community(self, field: StringField) -> None:
        """Needed for a new community only."""
        if self.community.data == NEW and not field.data:
            raise ValidationError(_l("请填新社区名称。"))

    @property
    def area(self) -> Area | None:
        """The community that was picked among those there are."""
        return self.communities.get(self.community.data)

    @property
    def community_name(self) -> str:
        """The community of rows that name none; '' when all of them name their own."""
        if self.area:
            return self.area.name
        is_new = self.may_make and self.community.data == NEW
        return str(self.new_community.data) if is_new else ""


def _line(label: Any, most: int, **kwargs: Any) -> StringField:
    too_long = Length(max=most, message=_l("太长了，最多 %(max)d 个字。"))
    return StringField(label, filters=[cleaned], validators=[too_long], **kwargs)


def _text(label: Any, **kwargs: Any) -> TextAreaField:
    too_long = Length(max=2000, message=_l("太长了，最多 %(max)d 个字。"))
    options = {"filters": [cleaned], "validators": [too_long], "render_kw": {"rows": 3}}
    return TextAreaField(label, **options, **kwargs)


class YearField(IntegerField):
    """A year, with or without 年 behind it; empty is None."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Read what was typed."""
        typed = canonical(str(valuelist[0])).removesuffix("年").strip() if valuelist else ""
        self.data = None
        if typed:
            try:
                self.data = int(typed)
            except ValueError:
                raise ValueError(_("请写四位数的年份，例如 1998。")) from None


class FactsForm(Form):
    """What the office knows of a compound; nothing of it is needed."""

    phone = StringField(
        _l("社区电话"),
        filters=[lambda text: canonical(text or "")],
        validators=[
            Length(max=40, message=_l("太长了，最多 %(max)d 个字。")),
            Regexp(_PHONE, message=_l("电话里只能有数字、空格和短横线。")),
        ],
        description=_l("居民页上的电话，居民点一下就能拨打。"),
        render_kw={"inputmode": "tel"},
    )
    address = _line(_l("地址"), 200)
    cluster = _line(_l("片区"), 80)
    built_year = YearField(_l("建成年份"), render_kw={"inputmode": "numeric"})
    ownership = _line(_l("产权性质"), 80)
    manager = _line(_l("管理单位"), 120)
    property_status = _line(_l("物业现状"), 200)
    needs = _text(_l("改造需求"))
    hazards = _text(_l("安全隐患"))
    inspection = _text(_l("排查情况"))

    def facts(self) -> CompoundFacts:
        """What was typed."""
        return CompoundFacts(**{name: self[name].data for name in CompoundFacts.__annotations__})


class HomeForm(Form):
    """What decides how one home counts."""

    use = SelectField(_l("用途"), choices=[SelectChoice(value=u.value, label=u.label) for u in Use])
    ownership = StringField(
        _l("产权性质"),
        [Length(max=40, message=_l("太长了，最多 %(max)d 个字。"))],
        filters=[tidied],
        description=_l(
            "照产权证写，例如商品房、房改房。写有“公房”“自管”的按公房算；"
            "写有“未售”“未交付”的算开发商的。"
        ),
        render_kw={"autocomplete": "off"},
    )
    occupancy = SelectField(
        _l("居住情况"), choices=[SelectChoice(value=o.value, label=o.label) for o in Occupancy]
    )
    size = HundredthsField(
        _l("建筑面积（㎡）"),
        [InputRequired(_l("请填建筑面积。"))],
        description=_l("先看不动产登记簿，再看测绘，再看合同。"),
    )

    def facts(self) -> HomeFacts:
        """What was filled in."""
        return HomeFacts(
            Use(self.use.data),
            self.ownership.data,
            Occupancy(self.occupancy.data),
            self.size.data or 0,
        )
