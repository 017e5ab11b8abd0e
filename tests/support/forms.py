"""What a browser would send from the form of a page, for the test client."""

from typing import Any


def opened(client: Any, url: str) -> dict[str, Any]:
    """What a browser would send if the person changed nothing: the fields of the form with their values."""
    return typed(client.get(url).context["form"])


def typed(form: Any) -> dict[str, Any]:
    """What stands in the fields of a form, but for its picture."""
    data = {}
    for bound in form:
        value = bound.field.widget.format_value(bound.value()) if bound.name != "image" else None
        if value not in (None, "", []):
            data[bound.html_name] = value
    return data


def sent_again(response: Any, **changes: Any) -> dict[str, Any]:
    """What a browser would send from the page of a conflict."""
    return typed(response.context["form"]) | changes
