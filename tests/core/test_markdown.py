"""Markdown becomes the HTML we chose, and never anything that acts."""

import html5lib
import pytest
from flask import Flask, render_template_string
from markupsafe import Markup

from app.core.markdown import rendered

ATTACKS = [
    "<script>alert(1)</script>",
    "<ScRiPt src=//evil.example></sCrIpT>",
    "<img src=x onerror=alert(1)>",
    '![x](x"onerror="alert(1))',
    "![x](javascript:alert(1))",
    "<svg/onload=alert(1)>",
    "<svg><a xlink:href=javascript:alert(1)>x</a></svg>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<body onload=alert(1)>",
    "<a href='javascript:alert(1)'>x</a>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java\tscript:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](javascript&colon;alert(1))",
    "[x](<javascript:alert(1)>)",
    "[x]( javascript:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    "[x](vbscript:msgbox(1))",
    "[x](file:///etc/passwd)",
    "[x](//evil.example/x)",
    "[x](/desk/plans/1/publish)",
    "[x][1]\n\n[1]: javascript:alert(1)",
    "<javascript:alert(1)>",
    '<http://a.example/"onmouseover="alert(1)>',
    '[x](http://a.example/ "t\\" onclick=alert(1) x=\\"")',
    '```"><script>alert(1)</script>\nx\n```',
    "`<script>alert(1)</script>`",
    "|<script>alert(1)</script>|b|\n|--|--|\n|<img src=x onerror=alert(1)>|2|",
    "# <script>alert(1)</script>",
    "<style>*{display:none}</style>",
    "<form action=//evil.example><input name=code></form>",
    "<meta http-equiv=refresh content='0;url=//evil.example'>",
    "<base href=//evil.example>",
    "<!--><script>alert(1)</script>-->",
    "<![CDATA[<script>alert(1)</script>]]>",
    "</section></main><h1>假公告</h1>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "<div style='position:fixed;inset:0'>x</div>",
    "\x00<script>alert(1)</script>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<details open ontoggle=alert(1)>",
]
ALLOWED = {
    *("p", "br", "hr", "h3", "h4", "h5", "h6", "strong", "em", "s", "blockquote", "code", "pre"),
    *("ul", "ol", "li", "table", "thead", "tbody", "tr", "th", "td", "a"),
}


@pytest.mark.parametrize("text", ATTACKS)
def test_nothing_that_acts_comes_through(text: str) -> None:
    fragment = html5lib.parseFragment(str(rendered(text)), namespaceHTMLElements=False)
    for element in fragment.iter():
        if element is fragment:
            continue
        assert element.tag in ALLOWED, element.tag
        assert set(element.attrib) <= {"href", "rel", "start"}, dict(element.attrib)
        if "href" in element.attrib:
            assert element.attrib["href"].startswith(("http://", "https://"))
            assert element.attrib["rel"] == "noopener nofollow ugc"


def test_nothing_closes_what_it_did_not_open() -> None:
    assert "</section>" not in rendered("</section></main>")


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("一段\n两行", "<p>一段<br>\n两行</p>"),
        ("- 甲\n- 乙", "<ul>\n<li>甲</li>\n<li>乙</li>\n</ul>"),
        ("3. 丙", '<ol start="3">\n<li>丙</li>\n</ol>'),
        ("**粗**", "<p><strong>粗</strong></p>"),
        ("1 < 2 & 3", "<p>1 &lt; 2 &amp; 3</p>"),
        (
            "[文件](https://a.example/x)",
            '<p><a href="https://a.example/x" rel="noopener nofollow ugc">文件</a></p>',
        ),
        ("", ""),
    ],
)
def test_what_offices_write_comes_out_as_they_mean_it(text: str, html: str) -> None:
    assert str(rendered(text)).strip() == html


def test_a_table_keeps_its_cells() -> None:
    html = rendered("|项目|元|\n|--|--:|\n|水管|100|")
    assert "<th>项目</th>" in html
    assert "<td>100</td>" in html


@pytest.mark.parametrize(
    ("mark", "tag"),
    [("#", "h3"), ("##", "h4"), ("###", "h5"), ("####", "h6"), ("######", "h6")],
)
def test_headings_begin_below_those_of_the_page(mark: str, tag: str) -> None:
    assert rendered(f"{mark} 小标题") == Markup(f"<{tag}>小标题</{tag}>\n")


def test_templates_have_it_as_a_filter(app: Flask) -> None:
    with app.test_request_context():
        assert render_template_string("{{ '**粗**' | markdown }}") == "<p><strong>粗</strong></p>\n"


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("打 0953-5550101，", '<p>打 <a href="tel:0953-5550101">0953-5550101</a>，</p>'),
        ("打0953-\u20605550101。", '<p>打<a href="tel:0953-5550101">0953-\u20605550101</a>。</p>'),
        ("**13812345678**", '<p><strong><a href="tel:13812345678">13812345678</a></strong></p>'),
    ],
)
def test_a_phone_number_can_be_tapped(text: str, html: str) -> None:
    assert rendered(text).strip() == html


@pytest.mark.parametrize(
    "text",
    [
        "编号 20953-5550101",
        "2027-04-06 动工",
        "卡号 6222021234567890123",
        "共 1,384,200 元",
        "[打电话 0953-5550101](https://a.example/0953-5550101)",
        "https://a.example/?tel=13812345678",
    ],
)
def test_what_is_no_phone_number_or_a_link_already_stays_as_it_is(text: str) -> None:
    assert "tel:" not in rendered(text).replace("?tel=", "")
