"""Notices: whose they are, who sees drafts, and that publishing one announces it once."""

import pytest

from messaging.notices import views
from messaging.notices.models import Notice
from realtime.log.models import Event as LoggedEvent

EVENTS = "/api/v1/communication/events/"
NOTICES = "/api/v1/communication/notices/"
NOTICE = {"title": "Holiday", "content": "No lessons.", "publish_date": "2026-12-01"}


@pytest.fixture
def teacher(client_of):
    return client_of("teacher", 1)


def made(client, status=201, **fields):
    answer = client.post(NOTICES, {**NOTICE, **fields}, format="json")
    assert answer.status_code == status, answer.content
    return answer.json()


def announced():
    events = LoggedEvent.objects.filter(type="notice_published").order_by("pk")
    return [(event.fields["message"], set(event.audience)) for event in events]


def titles(client, **parameters):
    answer = client.get(NOTICES, parameters)
    assert answer.status_code == 200, answer.content
    return [notice["title"] for notice in answer.json()["results"]]


def test_a_notice_belongs_to_the_tenant_of_whoever_wrote_it(teacher):
    notice = made(teacher)
    assert notice["college"] == 1
    assert notice["created_by"] == teacher.person.pk
    assert (notice["is_published"], notice["is_active"], notice["expiry_date"]) == (False, True, None)


@pytest.mark.parametrize("header", ["2", "all"])
def test_no_header_opens_another_tenant(client_of, teacher, header):
    made(teacher, title="Ours", is_published=True)
    stranger = client_of("teacher", 2)
    for name in ("X-College-ID", "X-Tenant-ID"):
        found = stranger.get(NOTICES, headers={name: "1" if header == "2" else header}).json()
        assert found["count"] == 0


def test_nobody_writes_into_another_tenant(client_of):
    stranger = client_of("teacher", 2)
    assert stranger.post(NOTICES, NOTICE, headers={"X-College-ID": "1"}).status_code == 403
    made(stranger, 403, college=1)
    assert not Notice.objects.exists()


def test_nobody_changes_a_notice_of_another_tenant(client_of, teacher):
    path = f"{NOTICES}{made(teacher)['id']}/"
    stranger = client_of("teacher", 2)
    answers = [stranger.get(path), stranger.patch(path, NOTICE), stranger.put(path, NOTICE), stranger.delete(path)]
    assert [answer.status_code for answer in answers] == [404] * 4


def test_a_notice_keeps_its_tenant(client_of, teacher):
    path = f"{NOTICES}{made(teacher)['id']}/"
    assert client_of("manager").patch(path, {"college": 2}, format="json").json()["college"] == 1


def test_students_write_nothing_and_see_no_drafts(client_of, teacher):
    student = client_of("student", 1)
    draft, published = made(teacher, title="Draft"), made(teacher, title="Out", is_published=True)
    made(student, 403)
    assert titles(student) == ["Out"]
    assert student.get(f"{NOTICES}{draft['id']}/").status_code == 404
    assert student.get(f"{NOTICES}{published['id']}/").status_code == 200
    assert student.patch(f"{NOTICES}{published['id']}/", {"title": "x"}).status_code == 403
    assert student.delete(f"{NOTICES}{published['id']}/").status_code == 403


def test_global_people_see_every_tenant_or_the_one_that_they_name(client_of, teacher):
    made(teacher, title="One")
    made(client_of("teacher", 2), title="Two")
    manager = client_of("manager")
    assert set(titles(manager)) == {"One", "Two"}
    named = manager.get(NOTICES, headers={"X-College-ID": "2"}).json()
    assert [notice["title"] for notice in named["results"]] == ["Two"]


def test_global_people_name_the_tenant_that_they_write_for(client_of):
    manager = client_of("manager")
    made(manager, 400)
    made(manager, 400, college=9)
    assert made(manager, college=2)["college"] == 2
    answer = manager.post(NOTICES, NOTICE, headers={"X-College-ID": "1"})
    assert answer.json()["college"] == 1


def test_whoever_belongs_to_no_tenant_sees_and_writes_nothing(client_of, teacher):
    made(teacher, is_published=True)
    nobody = client_of("teacher")
    assert titles(nobody) == []
    made(nobody, 403)


def test_publishing_announces_a_notice_once(teacher):
    path = f"{NOTICES}{made(teacher)['id']}/"
    assert announced() == []
    for _ in range(2):
        assert teacher.patch(path, {"is_published": True}).status_code == 200
    assert teacher.patch(path, {"title": "Changed"}).status_code == 200
    assert announced() == [("Holiday", {"tenant:1"})]


def test_a_notice_that_is_made_published_is_announced(teacher):
    made(teacher, title="x" * 300, is_published=True)
    assert announced() == [("x" * 300, {"tenant:1"})]


@pytest.mark.parametrize(
    ("view", "path", "fields"),
    [(views.Notices, NOTICES, NOTICE), (views.Events, EVENTS, {"title": "Fair", "event_date": "2026-12-01"})],
)
def test_changes_that_two_make_at_once_both_stay(teacher, monkeypatch, view, path, fields):
    number = teacher.post(path, fields, format="json").json()["id"]
    ours, rows = view.perform_update, view.queryset.model.objects.filter(pk=number)

    def after_theirs(self, serializer):
        rows.update(title="Theirs")
        ours(self, serializer)

    monkeypatch.setattr(view, "perform_update", after_theirs)
    answer = teacher.patch(f"{path}{number}/", {"is_active": False}, format="json")
    assert (answer.status_code, answer.json()["title"]) == (200, "Theirs")
    assert rows.values_list("title", "is_active").get() == ("Theirs", False)


def test_a_deleted_notice_is_gone_for_all_and_kept(client_of, teacher):
    path = f"{NOTICES}{made(teacher, is_published=True)['id']}/"
    assert teacher.delete(path).status_code == 204
    assert teacher.get(path).status_code == 404
    assert titles(teacher) == titles(client_of("student", 1)) == []
    assert titles(teacher, is_active="false") == ["Holiday"]
    assert titles(client_of("student", 1), is_active="false") == []


def test_lists_are_filtered_searched_and_in_order(teacher):
    made(teacher, title="Exam", publish_date="2026-01-02", is_urgent=True)
    made(teacher, title="Trip", publish_date="2026-01-03", content="To the exam hall", is_published=True)
    made(teacher, title="Lunch", publish_date="2026-01-01")
    assert titles(teacher) == ["Trip", "Exam", "Lunch"]
    assert titles(teacher, search="EXAM") == ["Trip", "Exam"]
    assert titles(teacher, is_urgent="true") == ["Exam"]
    assert titles(teacher, is_published="true") == ["Trip"]
    assert titles(teacher, publish_date="2026-01-01") == ["Lunch"]


@pytest.mark.parametrize(
    ("name", "value"), [("publish_date", "soon"), ("is_urgent", "maybe"), ("is_active", "2.5"), ("search", "\0")]
)
def test_a_filter_that_cannot_be_is_named(teacher, name, value):
    answer = teacher.get(NOTICES, {name: value})
    assert (answer.status_code, list(answer.json())) == (400, [name])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", "x" * 301),
        ("title", ""),
        ("title", "\0"),
        ("title", {"a": 1}),
        ("content", None),
        ("publish_date", "2026-02-30"),
        ("publish_date", 7),
        ("expiry_date", "2026-11-30"),
        ("college", "two"),
        ("college", 2**70),
        ("is_urgent", "perhaps"),
    ],
)
def test_a_value_that_cannot_be_is_named(teacher, field, value):
    assert list(made(teacher, 400, **{field: value})) == [field]


def test_a_time_counts_as_its_day(teacher):
    assert made(teacher, publish_date="2026-01-15T10:45:03.512Z")["publish_date"] == "2026-01-15"


@pytest.mark.parametrize("header", ["seven", "-1", "1.5", "9" * 30])
def test_a_header_that_names_no_tenant_is_refused(teacher, header):
    assert teacher.get(NOTICES, headers={"X-College-ID": header}).status_code == 400


@pytest.mark.parametrize("number", ["0", "9" * 20, "9" * 5000])
def test_a_notice_that_is_not_there_is_404(teacher, number):
    assert teacher.get(f"{NOTICES}{number}/").status_code == 404


@pytest.mark.parametrize(
    "name", ["message-templates", "bulk-messages", "message-logs", "notification-rules", "notice-visibility"]
)
def test_what_belongs_to_the_notifications_is_not_here(teacher, name):
    assert teacher.get(f"/api/v1/communication/{name}/").status_code == 404


def test_a_form_without_a_flag_leaves_it_at_its_default(teacher):
    answer = teacher.post(NOTICES, NOTICE, format="multipart")
    assert answer.status_code == 201, answer.content
    assert (answer.json()["is_active"], answer.json()["is_published"]) == (True, False)
