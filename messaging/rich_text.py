"""Markdown and HTML that people wrote, as HTML that may be shown: sanitised whenever it is given out.

The text is stored as it was written, so that a stricter rule holds for what is old, too.
"""

import nh3
from markdown_it import MarkdownIt

from .models import Message

_INLINE = ("a", "b", "br", "code", "del", "em", "i", "s", "strong", "u")
_BLOCKS = ("blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "ul")
_TABLES = ("table", "tbody", "td", "th", "thead", "tr")
TAGS = {*_INLINE, *_BLOCKS, *_TABLES}
ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}}
SCHEMES = {"http", "https", "mailto"}

# HTML within Markdown is shown as the text that it is.
_markdown = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


def html_of(kind: str, text: str) -> str | None:
    """A message's text as HTML that is safe to show; ``None`` for kinds that are plain text.

    Pictures are left out: loading one would tell a stranger who reads, and when.
    """
    if kind == Message.Kind.MARKDOWN:
        text = _markdown.render(text)
    elif kind != Message.Kind.HTML:
        return None
    return nh3.clean(
        text,
        tags=TAGS,
        attributes=ATTRIBUTES,
        url_schemes=SCHEMES,
        link_rel="noopener noreferrer nofollow",
    )
