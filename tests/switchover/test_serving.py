"""Requests by either way: who answers, what is counted, and what a comparison does and does not touch."""

import json

import pytest
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.http import Http404, JsonResponse, StreamingHttpResponse
from django.test import RequestFactory

from switchover.aside import aside
from switchover.callers import Caller
from switchover.evidence.models import AnswerCount, Kind
from switchover.serving import serve
from switchover.shadow import answers, copying, store
from switchover.shadow.models import Difference

pytestmark = pytest.mark.django_db
ANA = Caller("ana")
requests = RequestFactory()


@pytest.fixture
def shadowed(settings):
    settings.GREETING_SHADOW = True


def answered(move, old, new, request=None, caller=ANA):
    """The answer to a request, after everything aside was done."""
    response, _ = serve(move, request or requests.get("/hello/7/"), caller, {"morning": old, "evening": new})
    aside.run_waiting()
    return response


def counts():
    return {
        (row["way"], row["kind"]): row["count"]
        for row in AnswerCount.objects.order_by("way", "kind").values("way", "kind", "count")
    }


def good(request):
    return JsonResponse({"good": "morning"})


def other(request):
    return JsonResponse({"good": "evening"})


def broken(request):
    raise KeyError("Ana Ruiz")


def test_the_way_that_the_caller_is_given_answers_and_is_counted(move, settings):
    response = answered(move, good, other)
    assert json.loads(response.content) == {"good": "morning"}
    settings.GREETING = "evening"
    assert json.loads(answered(move, good, other).content) == {"good": "evening"}
    assert counts() == {("morning", "served"): 1, ("evening", "served"): 1}
    assert set(AnswerCount.objects.values_list("endpoint", flat=True)) == {"GET /hello/{id}/"}


@pytest.mark.parametrize(
    ("method", "path", "endpoint"),
    [
        ("A" * 200, "/hello/7/", "other /hello/{id}/"),
        ("FOO1", "/hello/7/", "other /hello/{id}/"),
        ("GET", "/" + "x" * 200, "GET /" + "x" * 95),
        ("GET", "/a\0b/", "GET /a?b/"),
    ],
)
def test_what_callers_made_up_is_counted_under_an_endpoint_that_tables_can_keep(move, shadowed, method, path, endpoint):
    request = requests.generic(method, "/")
    request.path_info = path
    answered(move, good, other, request)
    assert set(AnswerCount.objects.values_list("endpoint", flat=True)) == {endpoint}
    assert set(Difference.objects.values_list("endpoint", flat=True)) == {endpoint}


def test_an_answer_is_counted_without_a_query_in_the_callers_time(move, django_assert_num_queries):
    with django_assert_num_queries(0):
        serve(move, requests.get("/"), ANA, {"morning": good, "evening": other})


def test_what_the_answering_view_raises_is_raised_and_counted(move):
    with pytest.raises(KeyError):
        answered(move, broken, good)
    aside.run_waiting()
    assert counts() == {("morning", "failed"): 1}


def test_without_a_shadow_the_other_way_is_not_asked(move):
    answered(move, good, broken)
    assert counts() == {("morning", "served"): 1}


@pytest.mark.usefixtures("shadowed")
def test_the_same_answers_are_counted_as_the_same(move):
    answered(move, good, good)
    assert counts() == {("morning", "served"): 1, ("evening", "same"): 1}
    assert not Difference.objects.exists()


@pytest.mark.usefixtures("shadowed")
def test_a_difference_is_kept_once_with_how_often(move):
    for _ in range(3):
        assert json.loads(answered(move, good, other).content) == {"good": "morning"}
    [kept] = Difference.objects.all()
    assert (kept.move, kept.endpoint, kept.kind, kept.path) == ("greeting", "GET /hello/{id}/", "field", "good")
    assert (kept.old, kept.new, kept.times) == ('"aaaaaaa"', '"aaaaaaa"', 3)
    assert counts()["evening", "different"] == 3


@pytest.mark.usefixtures("shadowed")
def test_the_failure_of_the_compared_way_touches_nobody(move):
    assert answered(move, good, broken).status_code == 200
    assert counts() == {("morning", "served"): 1, ("evening", "shadow_failed"): 1}
    kept = Difference.objects.get()
    assert (kept.kind, kept.new) == ("failure", "KeyError")


@pytest.mark.usefixtures("shadowed")
@pytest.mark.parametrize("error", [Http404("no Ana"), PermissionDenied("no Ana")])
def test_what_django_answers_is_an_answer(move, error):
    def refusing(request):
        raise error

    def refused(request):
        return JsonResponse({}, status=404 if isinstance(error, Http404) else 403)

    answered(move, refused, refusing)
    assert "status" not in Difference.objects.values_list("kind", flat=True)
    assert "Ana" not in str(list(Difference.objects.values("old", "new")))


@pytest.mark.usefixtures("shadowed")
def test_what_the_compared_way_writes_is_rolled_back(move):
    def creating(request):
        group = Group.objects.create(name=json.loads(request.body)["name"] + str(Group.objects.count()))
        return JsonResponse({"id": group.pk, "name": group.name[:5]})

    request = requests.post("/hello/", {"name": "Ana Ruiz"}, content_type="application/json")
    answered(move, creating, creating, request)
    assert Group.objects.filter(name__startswith="Ana Ruiz").count() == 1
    assert counts()["evening", "same"] == 1  # also the body reached both, and "id" differs by nature


@pytest.mark.usefixtures("shadowed")
def test_the_compared_way_finds_things_as_they_were_before_the_old_one_changed_them(move, monkeypatch):
    group = Group.objects.create(name="Surveyors")

    def deleting(request):
        deleted, _ = Group.objects.filter(name="Surveyors").delete()
        return JsonResponse({}, status=204 if deleted else 404)

    monkeypatch.setattr(type(move), "remember", lambda self, request: group, raising=False)
    monkeypatch.setattr(type(move), "put_back", lambda self, remembered: remembered.save(), raising=False)
    response = answered(move, deleting, deleting, requests.delete("/hello/7/"))
    assert response.status_code == 204
    assert counts()["evening", "same"] == 1
    assert not Group.objects.filter(name="Surveyors").exists()


@pytest.mark.usefixtures("shadowed")
def test_a_read_that_differs_because_something_changed_meanwhile_is_none(move):
    Group.objects.create(name="Surveyors")

    def counting(request):
        return JsonResponse({"groups": Group.objects.count()})

    serve(move, requests.get("/"), ANA, {"morning": counting, "evening": counting})
    Group.objects.create(name="Engineers")
    aside.run_waiting()
    assert counts()["evening", "unsettled"] == 1
    assert not Difference.objects.exists()


@pytest.mark.usefixtures("shadowed")
def test_a_write_that_differs_because_something_changed_meanwhile_is_none(move):
    group = Group.objects.create(name="Surveyors")

    def renaming(request):
        return JsonResponse({}, status=200 if Group.objects.filter(pk=group.pk).update(name="Renamed") else 404)

    request = requests.post("/", {}, content_type="application/json")
    serve(move, request, ANA, {"morning": renaming, "evening": renaming})
    Group.objects.all().delete()
    aside.run_waiting()
    assert counts()["evening", "unsettled"] == 1
    assert not Difference.objects.exists()


@pytest.mark.usefixtures("shadowed")
def test_streams_are_compared_without_taking_them_from_the_caller(move):
    def streaming(request):
        return StreamingHttpResponse((part for part in (b"[1,", b"2]")), content_type="application/json")

    def shorter(request):
        return StreamingHttpResponse((part for part in (b"[1", b"]")), content_type="application/json")

    assert b"".join(answered(move, streaming, streaming).streaming_content) == b"[1,2]"
    answered(move, streaming, shorter)
    assert counts()["evening", "same"] == counts()["evening", "different"] == 1


def _streaming(*parts):
    async def made():
        for part in parts:
            yield part

    return lambda request: StreamingHttpResponse(made(), content_type="application/json")


@pytest.mark.usefixtures("shadowed")
def test_streams_of_servers_that_speak_asgi_are_compared_too(move):
    answered(move, _streaming(b"[1,", b"2]"), _streaming(b"[1,2", b"]"))
    answered(move, _streaming(b"[1,", b"2]"), _streaming(b"[1", b"]"))
    assert counts()["evening", "same"] == counts()["evening", "different"] == 1


@pytest.mark.usefixtures("shadowed")
def test_streams_that_are_too_long_to_be_read_are_no_evidence(move, monkeypatch):
    monkeypatch.setattr(answers, "MOST_STREAMED", 3)
    answered(move, _streaming(b"[1,", b"2]"), _streaming(b"[3,", b"4]"))
    assert counts() == {("morning", "served"): 1, ("evening", "skipped"): 1}


@pytest.mark.usefixtures("shadowed")
@pytest.mark.parametrize("what", ["long", "upload", "locked", "too many"])
def test_what_cannot_be_compared_is_counted(move, what, monkeypatch):
    request, new = requests.post("/", {"a": 1}, content_type="application/json"), good
    if what == "long":
        monkeypatch.setattr(copying, "MOST_BODY", 2)
    elif what == "upload":
        request = requests.post("/", {"a": 1})
    elif what == "locked":

        def locked(old, new, rules):
            raise OperationalError("database is locked")

        monkeypatch.setattr("switchover.shadow.asking.compare", locked)
    else:
        monkeypatch.setattr(aside, "offer", lambda job: False)
    assert answered(move, good, new, request).status_code == 200
    assert counts()["evening", "skipped"] == 1


@pytest.mark.usefixtures("shadowed")
def test_a_lock_that_another_holds_is_no_failure_of_the_compared_way(move):
    def locked(request):
        raise OperationalError("database is locked")

    answered(move, good, locked)
    assert counts()["evening", "skipped"] == 1
    assert not Difference.objects.exists()


@pytest.mark.usefixtures("shadowed")
def test_who_is_demoted_is_not_compared(move):
    move.demotions.demote("caller", "ana", reason="asked", by="ops")
    answered(move, good, broken)
    assert counts() == {("morning", "served"): 1}


def test_the_differences_of_a_move_are_bounded(move, monkeypatch):
    monkeypatch.setattr(store, "MOST", 3)
    for number in range(10):
        store.keep("greeting", "GET /", [store.Found("status", "", "200", str(400 + number))])
    assert sorted(Difference.objects.values_list("new", flat=True)) == ["407", "408", "409"]
    assert Kind.SAME in Kind
