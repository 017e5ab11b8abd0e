"""The template tag ``{% region "name" %}…{% endregion %}``: the content of a ``data-region`` of a page.

In a page it shows its content. When single regions are rendered (projeng/live/rendering.py), it keeps the content of
those that are wanted, and does not render the others, whose queries are then not made.
"""

from typing import NamedTuple

from django import template
from django.template.base import Node, NodeList, Parser, Token
from django.template.context import Context
from django.utils.safestring import SafeString

register = template.Library()
WANTED = "wanted_regions"  # the variable that holds a Wanted where single regions are rendered


class Wanted(NamedTuple):
    """The names of the regions to render (``None``: all), and where their HTML is kept by name."""

    names: frozenset[str] | None
    html: dict[str, str]


class RegionNode(Node):
    """The content of one region."""

    def __init__(self, name: str, nodelist: NodeList) -> None:
        self.name, self.nodelist = name, nodelist

    def render(self, context: Context) -> SafeString:
        """Render the content, or keep it for whoever wants it."""
        wanted: Wanted | None = context.get(WANTED)
        if wanted is None:
            return self.nodelist.render(context)
        if wanted.names is None or self.name in wanted.names:
            wanted.html[self.name] = self.nodelist.render(context)
        return SafeString("")


@register.tag
def region(parser: Parser, token: Token) -> RegionNode:
    """Parse ``{% region "name" %}…{% endregion %}``."""
    try:
        _, name = token.split_contents()
    except ValueError:
        raise template.TemplateSyntaxError("A region has one name, in quotes.") from None
    nodelist = parser.parse(("endregion",))
    parser.delete_first_token()
    return RegionNode(name.strip("\"'"), nodelist)
