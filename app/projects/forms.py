"""What staff type into a project and the sections of a plan draft."""

from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField, FileRequired
from wtforms import (
    BooleanField,
    FieldList,
    FormField,
    StringField,
    SubmitField,
    TextAreaField,
    ValidationError,
)
from wtforms import Form as Row
from wtforms.fields import DateField, SelectField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import DataRequired, InputRequired, Length, Optional

from app.core.errors import Refused
from app.core.files import Picture, checked_pdf, shrink_picture
from app.core.forms import Form, HundredthsField, YuanField, cleaned
from app.core.i18n import translated
from app.projects.by_building import strangers
from app.projects.contents import Construction, Facts, Fund, Item, Management, Money
from app.projects.models import Category, Mode, PlanVersion, Project, Section, Source
from app.roster.models import Compound

MOST_ITEMS = 60
EMPTY_ROWS = 6
_TEXT = 20_000
_MARKDOWN = _l("可以分段、分条：每条前面写“- ”；小标题前面写“# ”；**两个星号之间**是加粗。")


def _line(label: Any, most: int, *needed: Any, **kwargs: Any) -> Any:
    too_long = Length(max=most, message=_l("太长了，最多 %(max)d 个字。"))
    return StringField(label, filters=[cleaned], validators=[*needed, too_long], **kwargs)


def _text(label: Any, rows: int, hint: Any = _MARKDOWN, *needed: Any) -> Any:
    too_long = Length(max=_TEXT, message=_l("太长了，最多 %(max)d 个字。"))
    return TextAreaField(
        label,
        filters=[cleaned],
        validators=[*needed, too_long],
        description=hint,
        render_kw={"rows": rows},
    )


def _day(label: Any) -> DateField:
    return DateField(label, validators=[Optional()])


def _check_order(starts_on: DateField, finishes_on: DateField) -> None:
    """The error stands at the second day, where it is most likely mended."""
    if starts_on.data and finishes_on.data and finishes_on.data <= starts_on.data:
        raise ValidationError(gettext("完工的日子要晚于开工的日子。"))


def _choices(enum: Any) -> list[SelectChoice]:
    return [SelectChoice(value=member.value, label=member.label) for member in enum]


class ProjectForm(Form):
    """The facts of a project."""

    name = _line(_l("项目名称"), 120, DataRequired(_l("请写项目名称。")))
    construction_unit = _line(_l("建设单位"), 120)
    supervising_unit = _line(_l("监管责任单位"), 120)
    responsible_person = _line(_l("责任人"), 60)
    phone = _line(_l("电话"), 40, description=_l("居民看方案时可以直接拨打。"))
    designer = _line(_l("设计单位"), 120)
    builder = _line(_l("施工单位"), 120, description=_l("还没定就写“待招标”。"))
    budget = YuanField(_l("资金概算（元）"))
    starts_on = _day(_l("计划开工"))
    finishes_on = _day(_l("计划完工"))
    safeguards = _text(_l("保障措施"), 5)

    @classmethod
    def of(cls, compound: Compound, project: Project | None) -> "ProjectForm":
        """The form as it stands; for a new project with what the ledger knows already."""
        if project is not None:
            return cls(obj=project)
        name = gettext("%(compound)s改造项目", compound=compound.name)
        return cls(name=name, phone=compound.phone)

    def validate_finishes_on(self, finishes_on: DateField) -> None:
        """Nothing is finished before it is begun."""
        _check_order(self.starts_on, finishes_on)

    def facts(self) -> Facts:
        """What was typed."""
        values = {name: self[name].data for name in Facts.__dataclass_fields__}
        return Facts(**{**values, "budget": self.budget.data or 0})


class SummaryForm(Form):
    """The plan in a few words, and what is different in some buildings."""

    summary = _text(
        _l("简介"), 5, _l("两三句大白话：改什么、花多少钱、什么时候开工、每户出不出钱。")
    )
    by_building = _text(
        _l("各楼不一样的地方"),
        4,
        _l("可以不写。一栋一行，楼号在前，例如“2号楼：屋顶最先做”。住这栋的人扫码就看到这一句。"),
    )
    change_note = _text(_l("这一版改了什么"), 3, _l("第一版不用写。"))
    names: tuple[str, ...] = ()

    @classmethod
    def of(cls, version: PlanVersion) -> "SummaryForm":
        """The form as it stands; it knows the buildings that a line may begin with."""
        form = cls(obj=version)
        form.names = tuple(building.name for building in version.project.compound.buildings)
        return form

    def validate_by_building(self, by_building: TextAreaField) -> None:
        """A line that belongs to no building would be read by nobody."""
        unknown = strangers(by_building.data, self.names)
        if unknown:
            raise ValidationError(
                gettext("这几行开头不是本小区的楼号：%(lines)s", lines="；".join(unknown))
            )

    def words(self) -> tuple[str, str, str]:
        """What was typed, in the order of `actions.edit_summary`."""
        return self.summary.data, self.change_note.data, self.by_building.data


class ItemRow(Row):
    """One row of the table of work items; a row without a name is no item."""

    category = SelectField(_l("类别"), choices=_choices(Category))
    name = _line(_l("名称"), 120)
    quantity = HundredthsField(_l("数量"))
    unit = _line(_l("单位"), 20)
    cost = YuanField(_l("费用（元）"))
    is_safety = BooleanField(_l("消除安全隐患"))
    note = _line(_l("说明"), 400)

    def validate(self, extra_validators: Any = None) -> bool:
        """A row that says anything must say it all."""
        sound = super().validate(extra_validators)
        if not self.is_filled:
            return bool(sound)
        for field, words in (
            (self.name, _l("请写名称。要删掉这一行，把整行清空。")),
            (self.quantity, _l("请写数量，要大于 0。")),
            (self.unit, _l("请写单位，例如 米、平方米、处。")),
            (self.cost, _l("请写费用；不花钱写 0。")),
        ):
            is_said = field.data is not None if field is self.cost else bool(field.data)
            if not is_said and not field.errors:
                field.errors = [words]
                sound = False
        return bool(sound)

    @property
    def is_filled(self) -> bool:
        """Whether a person wrote anything into it."""
        typed = (self.name, self.quantity, self.unit, self.cost, self.note)
        return any(field.data or field.errors for field in typed) or self.cost.data == 0

    def item(self) -> Item:
        """What was typed."""
        return Item(**{name: self[name].data for name in Item.__dataclass_fields__})


class ItemsForm(Form):
    """All work items of a draft at once, and empty rows to add some.

    `more` sends what is typed so far and gets it back with more empty rows; nothing is saved.
    """

    items = FieldList(FormField(ItemRow), max_entries=MOST_ITEMS + EMPTY_ROWS)
    more = SubmitField(_l("再加几行"))

    @classmethod
    def of(cls, version: PlanVersion) -> "ItemsForm":
        """The form as it stands for `version`, with empty rows below."""
        return cls(items=[*version.items, *[None] * EMPTY_ROWS])

    @property
    def can_grow(self) -> bool:
        """Whether the table may get more rows."""
        return len(self.items.entries) < MOST_ITEMS + EMPTY_ROWS

    def grow(self) -> None:
        """Add empty rows below those that are there, as many as still fit."""
        for _number in range(EMPTY_ROWS):
            if self.can_grow:
                self.items.append_entry()

    @property
    def total(self) -> int:
        """What the rows cost together as far as they are typed, in fen."""
        return sum(row.form.cost.data or 0 for row in self.items.entries)

    def chosen(self) -> list[Item]:
        """The filled rows, in their order."""
        return [row.form.item() for row in self.items.entries if row.form.is_filled]


class FundRow(Row):
    """One source of money; without an amount it gives nothing."""

    amount = YuanField(_l("金额（元）"))
    note = _line(_l("说明"), 400)


class MoneyForm(Form):
    """Where the money comes from, one row per source, and what a household pays."""

    funds = FieldList(FormField(FundRow), min_entries=len(Source), max_entries=len(Source))
    share_per_household = YuanField(
        _l("每户出资（元）"),
        validators=[InputRequired(_l("请写每户出多少；按户不出钱写 0。"))],
        description=_l("按户收的部分。不收写 0。"),
    )
    share_per_area = YuanField(
        _l("每平方米出资（元）"),
        validators=[InputRequired(_l("请写每平方米出多少；按面积不出钱写 0。"))],
        description=_l("按面积收的部分。不收写 0。"),
    )
    share_note = _text(_l("出资说明"), 4)

    @classmethod
    def of(cls, version: PlanVersion) -> "MoneyForm":
        """The form as it stands; shares stay empty until somebody has said them."""
        known = {source.source: source for source in version.sources}
        shares = {
            "share_per_household": version.share_per_household,
            "share_per_area": version.share_per_area,
        }
        return cls(
            funds=[known.get(source) for source in Source],
            share_note=version.share_note,
            **(shares if known else {}),
        )

    def rows(self) -> list[tuple[Source, Any]]:
        """Each source with its row."""
        return list(zip(Source, self.funds.entries, strict=True))

    def money(self) -> Money:
        """What was typed; sources without an amount are left out."""
        return Money(
            funds=tuple(
                Fund(source.value, row.form.amount.data, row.form.note.data)
                for source, row in self.rows()
                if row.form.amount.data
            ),
            share_per_household=self.share_per_household.data or 0,
            share_per_area=self.share_per_area.data or 0,
            share_note=self.share_note.data,
        )


class DesignForm(Form):
    """The text of 规划设计; pictures have a form of their own."""

    design = _text(_l("规划设计说明"), 12)


class ConstructionForm(Form):
    """The text of 施工组织, its two days, and what is loud or cut off meanwhile."""

    starts_on = _day(_l("开工"))
    finishes_on = _day(_l("完工"))
    disruption = _text(
        _l("施工影响"),
        4,
        _l("可以不写。几点到几点施工，停水、停电、停气几次，每次多久。写了就放在方案最前面。"),
    )
    construction = _text(_l("施工安排"), 12)

    @classmethod
    def of(cls, version: PlanVersion) -> "ConstructionForm":
        """The form as it stands; days nobody has set yet are those the project is planned for."""
        project = version.project
        return cls(
            starts_on=version.starts_on or project.starts_on,
            finishes_on=version.finishes_on or project.finishes_on,
            disruption=version.disruption,
            construction=version.construction,
        )

    def validate_finishes_on(self, finishes_on: DateField) -> None:
        """Nothing is finished before it is begun."""
        _check_order(self.starts_on, finishes_on)

    def plan(self) -> Construction:
        """What was typed."""
        days = self.starts_on.data, self.finishes_on.data
        return Construction(self.construction.data, *days, self.disruption.data)


class ManagementForm(Form):
    """The four fields of the management plan."""

    mode = SelectField(
        _l("物业管理方式"), choices=[SelectChoice(value="", label=_l("请选择")), *_choices(Mode)]
    )
    services = _text(_l("物业服务内容"), 8)
    fee_per_area = YuanField(
        _l("物业费（元，每平方米每月）"), description=_l("不收费写 0，并在下面说明。")
    )
    fee_note = _text(_l("收费说明"), 3)
    subsidy = _text(_l("补贴措施"), 3, _l("没有补贴就写“无”。"))

    def plan(self) -> Management:
        """What was typed."""
        names = ("services", "fee_per_area", "fee_note", "subsidy")
        return Management(mode=self.mode.data or None, **{name: self[name].data for name in names})


class _AttachmentForm(Form):
    section = SelectField(
        _l("放在哪一部分"), choices=_choices(Section), default=Section.DESIGN.value
    )
    caption = _line(_l("说明文字"), 120, DataRequired(_l("请写一句说明，看不清图的人靠它。")))


class PictureForm(_AttachmentForm):
    """A picture for the page; it is shrunk while the form is checked."""

    file = FileField(
        _l("图片"),
        validators=[FileRequired(_l("请选一张图片。"))],
        description=_l("JPG 或 PNG，10 MB 以内。系统会自动缩小，并去掉拍摄地点。"),
        render_kw={"accept": "image/jpeg,image/png,image/gif,image/webp"},
    )
    picture: Picture

    def validate_file(self, field: FileField) -> None:
        """Make the small picture of it, or say why not."""
        try:
            self.picture = shrink_picture(field.data.read())
        except Refused as refusal:
            raise ValidationError(translated(refusal)) from None


class DocumentForm(_AttachmentForm):
    """A PDF that residents can download."""

    file = FileField(
        _l("PDF 文件"),
        validators=[FileRequired(_l("请选一个 PDF 文件。"))],
        description=_l("10 MB 以内。微信里打不开附件，要紧的内容请同时写进正文或放图片。"),
        render_kw={"accept": "application/pdf"},
    )
    content: bytes

    def validate_file(self, field: FileField) -> None:
        """Take it only when it is a PDF."""
        try:
            self.content = checked_pdf(field.data.read())
        except Refused as refusal:
            raise ValidationError(translated(refusal)) from None


class ReturnForm(Form):
    """Why a waiting version goes back."""

    note = _text(_l("退回的原因"), 4, "", DataRequired(_l("请写明要改什么。")))


class ConfirmForm(Form):
    """Nothing to fill in: the button itself is the answer."""
