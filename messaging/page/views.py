"""The page of messages, and the ways to it."""

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from .. import conversations
from ..errors import NotFound
from ..serializing import person_id
from .endpoint import signed_in


@require_safe
@signed_in
def page(request: HttpRequest, conversation_id: int | None = None) -> HttpResponse:
    """The list of conversations, and the one that the address names."""
    if conversation_id is not None:
        _existing(request.user, conversation_id)
    pane = "window" if conversation_id is not None or "person" in request.GET else "list"
    return render(request, "messaging/page.html", {"pane": pane})


def attributes(person: Any) -> dict[str, Any]:
    """What the scripts of the page need to know (``messaging/attributes.html``)."""
    return {"me": person_id(person.pk), "max_bytes": settings.MESSAGE_ATTACHMENT_MAX_MB * 2**20}


def _existing(person: Any, conversation_id: int) -> None:
    try:
        conversations.get_for(person, conversation_id)
    except NotFound as refusal:
        raise Http404(refusal.text) from refusal


@require_safe
@signed_in
def about(request: HttpRequest, key: str) -> HttpResponse:
    """Lead to the conversation about something of an application (``project:12``)."""
    try:
        conversation = conversations.of_subject(request.user, key)
    except NotFound as refusal:
        raise Http404(refusal.text) from refusal
    return redirect("messages_conversation", conversation_id=conversation.pk)
