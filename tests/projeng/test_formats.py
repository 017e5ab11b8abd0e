"""Amounts as people read them: one way of writing them, on pages and in events, also below zero."""

import re
from decimal import Decimal

import pytest
from django.template import Context, Template
from django.urls import reverse

from projeng.formats import pesos
from projeng.forms.fields import PesosField
from projeng.models import ProjectCost
from tests.support.log import logged
from tests.support.site import ROOT

AMOUNTS = {
    "1234567.891": "₱1,234,567.89",
    "0": "₱0.00",
    "-0.001": "₱0.00",
    "-0.01": "−₱0.01",
    "-5": "−₱5.00",
    "-1234567.895": "−₱1,234,567.90",
}


@pytest.mark.parametrize(("amount", "text"), AMOUNTS.items())
def test_the_sign_stands_before_the_peso_sign(amount, text):
    assert pesos(Decimal(amount)) == text
    shown = Template("{% load office %}{{ amount|pesos }}").render(Context({"amount": Decimal(amount)}))
    assert shown == text


@pytest.mark.django_db
def test_what_is_overspent_reads_as_less_than_nothing_on_pages(browser, finance, project):
    ProjectCost.objects.create(project=project, cost_type="labor", amount=Decimal("1000250.50"))
    html = browser(finance).get(reverse("finance_dashboard")).content.decode()
    assert "<dd>−₱250.50</dd>" in html
    assert "₱-" not in html


@pytest.mark.django_db
def test_what_is_less_than_nothing_reads_the_same_in_events(project):
    """The limits of forms do not apply to what programs store."""
    ProjectCost.objects.create(project=project, cost_type="labor", amount=Decimal("-250.50"))
    event = logged().get(type="cost_updated").fields
    assert (event["cost_data"]["formatted_amount"], event["formatted_spent"]) == ("−₱250.50", "−₱250.50")
    assert event["cost_data"]["amount"] == "-250.50"
    assert "Cost of −₱250.50 (labor) added" in event["summary"]


@pytest.mark.parametrize("text", ["−₱1,250.50", "-₱1,250.50", "₱-1,250.50", "₱ −1 250.50", "−1250.50"])
def test_an_amount_below_zero_is_understood_as_one_however_it_is_written(text):
    assert PesosField(max_digits=15, decimal_places=2).clean(text) == Decimal("-1250.50")


def test_amounts_are_formatted_in_one_place():
    """Templates and scripts take the text that the server has made, and put no peso sign before a number."""
    sources = [*ROOT.glob("templates/**/*.html"), *ROOT.glob("static/js/**/*.js"), *ROOT.glob("realtime/**/*.js")]
    assert len(sources) > 30
    assert [str(path) for path in sources if re.search(r"₱|&#8369;|\\u20b1", path.read_text(), re.IGNORECASE)] == []
