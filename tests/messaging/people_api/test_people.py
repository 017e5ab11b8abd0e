"""The search for people, and the pages that it comes in."""

import pytest
from django.contrib.auth import get_user_model
from rest_framework.authtoken.models import Token

PEOPLE = "/api/v1/accounts/users/"

pytestmark = pytest.mark.django_db


@pytest.fixture
def search(client):
    """``search(**parameters)``: the answer for one of 25 people; their names are Person 00 to Person 24."""
    people = get_user_model()
    numbers = [f"{number:02}" for number in range(25)]
    people.objects.bulk_create(people(username=f"p{one}", first_name="Person", last_name=one) for one in numbers)
    people.objects.create(username="gone", first_name="Person", last_name="99", is_active=False)
    key = Token.objects.create(user=people.objects.get(username="p00")).key
    return lambda **parameters: client.get(PEOPLE, parameters, headers={"authorization": f"Token {key}"})


def names(answer):
    return [person["full_name"] for person in answer.json()["results"]]


def test_a_page_says_where_it_stands(search):
    said = search().json()
    assert [person["username"] for person in said.pop("results")] == [f"p{number:02}" for number in range(20)]
    assert said == {
        "count": 25,
        "total_pages": 2,
        "current_page": 1,
        "page_size": 20,
        "next": f"http://testserver{PEOPLE}?page=2",
        "previous": None,
        "has_next": True,
        "has_previous": False,
    }


def test_the_size_of_a_page_is_bounded(search):
    assert len(names(search(page_size=3))) == 3
    assert search(page_size=1000).json()["page_size"] == 100
    assert search(page_size="many").json()["page_size"] == 20


@pytest.mark.parametrize("page", ["0", "3", "-1", "x", "9" * 5000])
def test_a_page_that_is_not_there_is_404(search, page):
    answer = search(page=page)
    assert (answer.status_code, answer.json()) == (404, {"detail": "Invalid page."})


def test_every_word_must_occur_in_a_name_or_the_user_name(search):
    assert names(search(search="07")) == ["Person 07"]
    assert names(search(search="pErSoN  P1 3")) == ["Person 13"]
    assert names(search(search="Person 99")) == []


@pytest.mark.parametrize("text", ["\0", "x" * 201])
def test_a_search_that_no_name_can_match_is_refused(search, text):
    answer = search(search=text)
    assert answer.status_code == 400
    assert list(answer.json()) == ["search"]


def test_a_page_costs_the_same_queries_however_many_people_are_on_it(search, django_assert_num_queries):
    for size in (1, 20):
        with django_assert_num_queries(3):  # whose token it is, how many there are, and the page
            assert search(page_size=size).status_code == 200
