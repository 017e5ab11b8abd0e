"""The list of moves, the page of each, and its buttons."""

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_safe

from .. import moves
from ..choosing import ALL, CALLER, GROUP
from ..demotions.interface import LONGEST_REASON, LONGEST_SUBJECT
from ..moves import Move
from . import move_page
from .guards import first_fault, for_staff

TAKE, GIVE_BACK = "take", "give_back"


@require_safe
@for_staff
def listed(request: HttpRequest) -> HttpResponse:
    """Every move: where it stands."""
    return render(request, "switchover/moves.html", {"moves": move_page.listed()})


@require_http_methods(["GET", "HEAD", "POST"])
@for_staff
def page(request: HttpRequest, name: str) -> HttpResponse:
    """The page of one move. A POST takes the new way away from somebody, or gives it back."""
    try:
        move = moves.get(name)
    except KeyError:
        raise Http404("There is no such move.") from None
    if move.page:
        return HttpResponseRedirect(move_page.address(move))
    if request.method == "POST":
        _change(request, move)
        return HttpResponseRedirect(request.get_full_path())
    context = move_page.shown(move, move_page.span(request.GET.get("days")))
    asked = request.GET.get("to", "")
    to = next((number for number in move.phase_names if str(number) == asked), None)
    if to is not None:
        found = move.checklist(to)
        context |= {"to": to, "name": move.phase_names[to], "findings": found}
        context["missing"] = sum(not one.well for one in found)
    return render(request, "switchover/move.html", context | {"longest_reason": LONGEST_REASON})


class DemotionForm(forms.Form):
    """The form behind the buttons: from whom to take the new way, or to whom to give it back, and why."""

    action = forms.ChoiceField(choices=[(TAKE, TAKE), (GIVE_BACK, GIVE_BACK)])
    scope = forms.ChoiceField(choices=[(name, name) for name in (ALL, GROUP, CALLER)])
    subject = forms.CharField(required=False, max_length=LONGEST_SUBJECT)
    reason = forms.CharField(required=False, max_length=LONGEST_REASON)

    def clean(self) -> dict[str, str]:
        """Check that there is somebody, and a reason where one is needed."""
        data = super().clean() or {}
        if self.errors:
            return data
        if data["action"] == TAKE and not data["reason"]:
            raise forms.ValidationError("Say why: it is what the next operator will read.")
        if data["scope"] == ALL:
            data["subject"] = ""
        elif not data["subject"]:
            raise forms.ValidationError("Say which group or caller.")
        return data


def _change(request: HttpRequest, move: Move) -> None:
    form = DemotionForm(request.POST)
    if not form.is_valid():
        messages.error(request, f"Nothing was changed. {first_fault(form)}")
        return
    data, by = form.cleaned_data, request.user.get_username()
    named = "everybody" if data["scope"] == ALL else f"{data['scope']} {data['subject']}"
    if data["action"] == TAKE:
        changed = move.demotions.demote(data["scope"], data["subject"], reason=data["reason"], by=by)
        done, nothing = f"{move.subject} is taken away from {named}.", f"It was taken away from {named} already."
    else:
        changed = move.demotions.restore(data["scope"], data["subject"], reason=data["reason"], by=by)
        done, nothing = f"Given back to {named} what the flags grant.", f"Nothing was taken from {named}."
    (messages.success if changed else messages.info)(request, done if changed else nothing)
