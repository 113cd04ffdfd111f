"""The form that takes a household ledger."""

from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField, FileRequired
from wtforms import StringField
from wtforms.validators import DataRequired, Length

from app.core.forms import Form, canonical
from app.roster.models import Area


class UploadForm(Form):
    """A workbook, and what holds for rows that do not say it themselves."""

    file = FileField(
        _l("台账文件"),
        [FileRequired(_l("请选择台账文件。"))],
        render_kw={"accept": ".xlsx,.xls,.ods,.csv,.xlsm"},
    )
    community = StringField(
        _l("社区名称"),
        [DataRequired(_l("请填社区名称。")), Length(max=40, message=_l("社区名称太长。"))],
        filters=[lambda text: canonical(text or "")],
        render_kw={"list": "communities", "autocomplete": "off"},
    )
    compound = StringField(
        _l("小区名称（台账里没有这一列时填）"),
        [Length(max=40, message=_l("小区名称太长。"))],
        filters=[lambda text: canonical(text or "")],
        render_kw={"autocomplete": "off"},
    )

    def __init__(self, communities: list[Area], **kwargs: Any) -> None:
        only = communities[0].name if len(communities) == 1 else None
        super().__init__(community=only, **kwargs)
        self.communities = communities
