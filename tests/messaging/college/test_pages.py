"""What a browser meets on the college's site, which has hardly any pages: errors are pages that say so."""

import httpx
import pytest


@pytest.mark.parametrize("path", ["/", "/nothing", "/api/"])
def test_where_there_is_nothing_a_page_says_so_and_leads_on(college, path):
    answer = httpx.get(college.url + path, timeout=30)
    assert answer.status_code == 404
    assert 'href="/accounts/login/"' in answer.text
    assert 'href="/api/v1/schema/"' in answer.text


def test_a_form_without_its_token_is_refused_with_a_page(college):
    answer = httpx.post(f"{college.url}/accounts/login/", data={"username": "nobody", "password": "none"}, timeout=30)
    assert answer.status_code == 403
    assert "This form is out of date" in answer.text
