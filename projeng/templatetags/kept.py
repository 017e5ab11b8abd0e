"""The template tag ``{% kept project compact %}…{% endkept %}``: rows that are rendered again only when they differ.

After a change most rows of a list are as they were. Rendering one takes longer than to find out that it is the same.
"""

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Any

from django import template
from django.db.models import Model
from django.template.base import FilterExpression, Node, NodeList, Parser, Token
from django.template.context import Context
from django.utils.safestring import SafeString

register = template.Library()
MOST = 200  # rows that are kept of one place in a template, those that were shown last

_lock = threading.Lock()


class KeptNode(Node):
    """What is rendered once for the same values.

    Of a model's instance that is all that was read of its row, annotations included. What the content shows beside
    that, such as a field of another row, is a value of its own.
    """

    def __init__(self, values: list[FilterExpression], nodelist: NodeList) -> None:
        self._values, self.nodelist = values, nodelist
        self._kept: OrderedDict[Hashable, SafeString] = OrderedDict()

    def render(self, context: Context) -> SafeString:
        """Render the content, or return what was rendered for equal values."""
        key = tuple(_key(value.resolve(context)) for value in self._values)
        with _lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
                return found
        found = self.nodelist.render(context)
        with _lock:
            self._kept[key] = found
            if len(self._kept) > MOST:
                self._kept.popitem(last=False)
        return found


def _key(value: Any) -> Hashable:
    if not isinstance(value, Model):
        return (type(value), value)
    return (type(value), *((name, of) for name, of in vars(value).items() if not name.startswith("_")))


@register.tag
def kept(parser: Parser, token: Token) -> KeptNode:
    """Parse ``{% kept value … %}…{% endkept %}``."""
    _, *values = token.split_contents()
    if not values:
        raise template.TemplateSyntaxError("What is kept is kept for values.")
    nodelist = parser.parse(("endkept",))
    parser.delete_first_token()
    return KeptNode([parser.compile_filter(value) for value in values], nodelist)
