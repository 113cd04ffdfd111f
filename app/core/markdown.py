"""Markdown of the office as safe HTML: the only place where text becomes markup (THREATS.md T09).

Two fences: the parser takes no raw HTML, and what it makes passes an allow-list. There are no
pictures (they are attachments with captions), and links lead out only by http or https.
"""

import re
from functools import lru_cache

import nh3
from flask import Flask
from markdown_it import MarkdownIt
from markupsafe import Markup

_TAGS = {
    *("p", "br", "hr", "h3", "h4", "h5", "h6", "strong", "em", "s", "blockquote", "code", "pre"),
    *("ul", "ol", "li", "table", "thead", "tbody", "tr", "th", "td", "a"),
}
# Links whole, and tags: what lies between is text.
_MARKUP = re.compile(r"(<a\b.*?</a>|<[^>]*>)", re.S)
# A landline with its area code, or a mobile; the hyphen may be kept from breaking the line.
_UNBROKEN = "\u2060"
_PHONE = re.compile(r"(?<![0-9A-Za-z./=-])(?:0\d{2,3}-\u2060?\d{7,8}|1[3-9]\d{9})(?![0-9A-Za-z-])")
_parser = MarkdownIt("commonmark", {"html": False, "breaks": True})
_parser.enable(["table", "strikethrough"]).disable(["image", "html_block", "html_inline"])


@lru_cache(maxsize=512)
def rendered(text: str) -> Markup:
    """`text` as HTML; its headings begin at h3, below those of the page, so its outline holds."""
    tokens = _parser.parse(text)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1]) + 2, 6)}"
    html = nh3.clean(
        _parser.renderer.render(tokens, _parser.options, {}),
        tags=_TAGS,
        attributes={"*": set(), "a": {"href"}, "ol": {"start"}},
        url_schemes={"http", "https"},
        url_relative="deny",
        link_rel="noopener nofollow ugc",
    )
    return Markup(_with_phones(html))


def _with_phones(html: str) -> str:
    """`html`, in which a phone number can be tapped to call it; digits alone come into the link.

    A link stays what it is: another one inside it would not be HTML.
    """
    parts = _MARKUP.split(html)
    return "".join(part if at % 2 else _PHONE.sub(_call, part) for at, part in enumerate(parts))


def _call(found: re.Match[str]) -> str:
    digits = found[0].replace(_UNBROKEN, "")
    return f'<a href="tel:{digits}">{found[0]}</a>'


def init(app: Flask) -> None:
    """Give the templates `{{ text | markdown }}`."""
    app.jinja_env.filters["markdown"] = rendered
