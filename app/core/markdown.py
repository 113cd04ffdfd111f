"""Markdown of the office as safe HTML: the only place where text becomes markup (THREATS.md T09).

Two fences: the parser takes no raw HTML, and what it makes passes an allow-list. There are no
pictures (they are attachments with captions), and links lead out only by http or https.
"""

from functools import lru_cache

import nh3
from flask import Flask
from markdown_it import MarkdownIt
from markupsafe import Markup

_TAGS = {
    *("p", "br", "hr", "h3", "h4", "h5", "h6", "strong", "em", "s", "blockquote", "code", "pre"),
    *("ul", "ol", "li", "table", "thead", "tbody", "tr", "th", "td", "a"),
}
_parser = MarkdownIt("commonmark", {"html": False, "breaks": True})
_parser.enable(["table", "strikethrough"]).disable(["image", "html_block", "html_inline"])


@lru_cache(maxsize=512)
def rendered(text: str) -> Markup:
    """`text` as HTML; its headings begin at h3, below those of the page, so its outline holds."""
    tokens = _parser.parse(text)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1]) + 2, 6)}"
    html = _parser.renderer.render(tokens, _parser.options, {})
    return Markup(
        nh3.clean(
            html,
            tags=_TAGS,
            attributes={"*": set(), "a": {"href"}, "ol": {"start"}},
            url_schemes={"http", "https"},
            url_relative="deny",
            link_rel="noopener nofollow ugc",
        )
    )


def init(app: Flask) -> None:
    """Give the templates `{{ text | markdown }}`."""
    app.jinja_env.filters["markdown"] = rendered
