"""The control room, and the address that receives feedback."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from realtime.rollout.models import TransportChange, TransportHold

from ..transport import checklist, demotions, phases, transport
from . import attention, feedback, overview, people, trends
from .guards import first_fault, for_staff


@require_http_methods(["GET", "HEAD", "POST"])
@for_staff
def room(request: HttpRequest) -> HttpResponse:
    """The control room. A POST demotes somebody from WebSocket, or restores them."""
    if request.method == "POST":
        _change(request)
        return HttpResponseRedirect(request.get_full_path())
    view = trends.window(request.GET.get("hours"))
    servers = overview.servers()
    chart, percentiles = trends.delays(view)
    parity = overview.parity(view)
    fallbacks, demoted, words = trends.fallbacks(view), overview.demotions(), overview.feedback(view.now)
    found = attention.findings(servers, parity, fallbacks, demoted, words)
    search = request.GET.get("q", "")
    sort = request.GET.get("sort", "")
    sort = sort if sort in people.SORTS else "name"
    context = {
        "view": view,
        "hours": list(trends.HOURS),
        "servers": servers,
        "connections": trends.connections(view, [process for process, _ in servers["running"]]),
        "delay": chart,
        "percentiles": percentiles,
        "events": trends.events(view),
        "fallbacks": fallbacks,
        "parity": parity,
        "judged": overview.judged(parity),
        "demotions": demoted,
        "feedback": words,
        "findings": found,
        "panels": attention.order(found),
        "reporting": overview.reporting(view),
        "page": people.people(search, sort, request.GET.get("page")),
        "search": search[: people.LONGEST_SEARCH],
        "sort": sort,
        "sorts": people.SORTS,
        "most_receipts": trends.MOST_RECEIPTS,
        "longest_reason": LONGEST_REASON,
    }
    return render(request, "switchover/control_room.html", context)


@require_safe
@for_staff
def safety_checklist(request: HttpRequest) -> HttpResponse:
    """The safety checklist before a phase (``?to=``). A page of its own, since its checks take time (Redis)."""
    asked = request.GET.get("to", "")
    to = next((number for number in phases.NAMES if str(number) == asked), None)
    if to is None:
        raise Http404("No such phase.")
    found = checklist.findings(to)
    context = {"to": to, "name": phases.NAMES[to], "findings": found, "missing": sum(not one.well for one in found)}
    return render(request, "switchover/checklist_page.html", context)


# --- taking away and giving back -------------------------------------------------------------------------------------

LONGEST_REASON = TransportHold._meta.get_field("reason").max_length


class ChangeForm(forms.Form):
    """The form behind the buttons: whom to change, and why. ``clean`` sets ``target`` and ``named``."""

    action = forms.ChoiceField(choices=TransportChange.Action)
    scope = forms.ChoiceField(choices=[(name, name) for name in (transport.ALL, transport.GROUP, transport.USER)])
    group = forms.CharField(required=False, max_length=150)
    person = forms.CharField(required=False, max_length=150)
    reason = forms.CharField(required=False, max_length=LONGEST_REASON)

    def clean(self) -> dict[str, Any]:
        """Check that the group or user exists, and that there is a reason where one is needed."""
        data = super().clean() or {}
        if self.errors:
            return data
        if data["action"] == TransportChange.Action.TAKE and not data["reason"]:
            raise forms.ValidationError("Say why: it is what the next operator will read.")
        data["target"], data["named"] = "", "everybody"
        if data["scope"] == transport.GROUP:
            name = data["group"]
            # A group that is gone may still have a hold to lift.
            known = Group.objects.filter(name=name).exists()
            if not known and not TransportHold.objects.filter(scope=transport.GROUP, target=name).exists():
                raise forms.ValidationError("There is no such group.")
            data["target"], data["named"] = name, f"group {name}"
        elif data["scope"] == transport.USER:
            user = get_user_model().objects.filter(username=data["person"]).first()
            if user is None:
                raise forms.ValidationError("There is nobody of that user name.")
            data["target"], data["named"] = str(user.pk), user.get_full_name() or user.get_username()
        return data


def _change(request: HttpRequest) -> None:
    form = ChangeForm(request.POST)
    if not form.is_valid():
        messages.error(request, f"Nothing was changed. {first_fault(form)}")
        return
    data, by = form.cleaned_data, request.user.get_username()
    if data["action"] == TransportChange.Action.TAKE:
        changed = demotions.demote(data["scope"], data["target"], reason=data["reason"], by=by)
        done = f"WebSocket is taken away from {data['named']}. Connected pages move to SSE within five seconds."
        nothing = f"It was taken away from {data['named']} already."
    else:
        changed = demotions.restore(data["scope"], data["target"], reason=data["reason"], by=by)
        done = f"Given back to {data['named']} what the flags grant."
        nothing = f"Nothing was taken from {data['named']}."
    (messages.success if changed else messages.info)(request, done if changed else nothing)


# --- feedback ---------------------------------------------------------------------------------------------------

THANKS = "Thank you. Whoever looks after live updates will read it."


@require_POST
def feedback_form(request: HttpRequest) -> HttpResponse:
    """Store a user's feedback. A plain form is redirected to its page, a script gets JSON."""
    plain = "text/html" in request.headers.get("Accept", "")
    if not request.user.is_authenticated:
        if plain:
            return redirect_to_login(_page_of(request))
        return JsonResponse({"success": False, "error": "Not signed in."}, status=401)
    form = feedback.FeedbackForm(request.POST)
    status, headers = 200, {"Cache-Control": "no-store"}
    if not form.is_valid():
        told, status = first_fault(form), 400
    else:
        try:
            feedback.save(request.user, form.cleaned_data)
            told = THANKS
        except feedback.TooSoon as wait:
            told, status = f"Thank you, that was heard already. Say more in {wait.seconds} s, please.", 429
            headers["Retry-After"] = str(wait.seconds)
    if plain:
        {200: messages.success, 429: messages.info}.get(status, messages.error)(request, told)
        return HttpResponseRedirect(_page_of(request))
    answer = {"success": status == 200, ("message" if status == 200 else "error"): told}
    return JsonResponse(answer, status=status, headers=headers)


def _page_of(request: HttpRequest) -> str:
    """The page to return to: one of this site, whatever was sent."""
    page = request.POST.get("page", "")
    return page if page.startswith("/") and not page.startswith(("//", "/\\")) and page.isprintable() else "/"
