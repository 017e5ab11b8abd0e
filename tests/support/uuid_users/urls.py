"""The addresses of that site: a stream, and where browsers report what they received."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponseBase
from django.urls import path

from realtime.delivery.topics import of_page, register_topic
from realtime.log.events import EventType
from realtime.parity.receipts import receive
from realtime.transports.sse import event_stream


@dataclass(frozen=True, kw_only=True)
class Letter(EventType):
    """Something for one person."""

    type = "letter"
    topic = "letters"

    text: str


register_topic("letters")


def events(request: HttpRequest) -> HttpResponseBase:
    """Stream the letters."""
    return event_stream(request, of_page(request.GET.get("topics")))


urlpatterns = [
    path("events/", events),
    path("receipts/", receive),
]
