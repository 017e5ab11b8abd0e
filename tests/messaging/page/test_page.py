"""The page of messages, and the way to it in the header of every page."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from messaging import conversations

from ..conftest import write

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(ana) -> Client:
    client = Client()
    client.force_login(ana)
    return client


def test_the_header_of_every_page_counts_what_is_unread(ana, ben, browser):
    url = reverse("profile")
    assert '<span id="messages-count" class="badge hidden">0</span>' in browser.get(url).content.decode()
    for _ in range(120):
        write(ben, ana)
    page = browser.get(url).content.decode()
    assert '<span id="messages-count" class="badge">99+</span>' in page
    assert '<span id="messages-exact">120</span>' in page


def test_the_header_names_what_is_muted(ana, ben, browser):
    write(ben, ana)
    place = conversations.open_direct(ana, ben)
    conversations.mute(ana, place, timezone.now() + timedelta(days=1))
    assert f'data-muted="{place.pk}"' in browser.get(reverse("profile")).content.decode()


def test_the_page_opens_only_what_one_may_see(ana, ben, cora, browser):
    own = write(ben, ana).conversation_id
    other = write(ben, cora).conversation_id
    assert browser.get(f"/messages/{own}/").status_code == 200
    assert browser.get(f"/messages/{other}/").status_code == 404
    assert browser.get("/messages/").status_code == 200
    assert Client().get("/messages/").url == "/accounts/login/?next=/messages/"
