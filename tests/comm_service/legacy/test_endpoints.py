"""The addresses of the old side: methods, statuses, headers, and which fields an answer has, in which order."""

import json

import pytest

from comm_service.contract import ALLOW, ENDPOINTS, METHODS, RESOURCES
from tests.comm_service.asking import LEAST, UNKNOWN, U, ask, content, row_of, shown

LISTS = [one.path for one in RESOURCES]
BY_ID = [(one.path, by.name) for one in RESOURCES for by in one.lists if by.by_id]
REFUSED = [
    (kind, method)
    for kind, offered in METHODS.items()
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "FOO")
    if method not in offered
]
ACTIONS = [(one.path, name) for one in RESOURCES for name in one.actions]


def test_the_contract_has_35_pairs_of_method_and_path():
    assert len({(one.method, one.path) for one in ENDPOINTS}) == 35


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda one: f"{one.method} {one.path}")
def test_a_valid_request_has_the_contracts_status_headers_and_fields(legacy, endpoint):
    resource = endpoint.resource
    row = row_of(resource.path)
    path = endpoint.path
    for name in ("id", *resource.read):
        path = path.replace(f"{{{name}}}", str(row.pk if name == "id" else getattr(row, name) or U))
    response = ask(legacy, endpoint.method, path, LEAST[resource.path])
    assert response.status_code == endpoint.status
    assert response["Allow"] == ALLOW[endpoint.kind]
    assert response["Vary"] == "origin"
    assert not response.has_header("ETag")
    assert not response.has_header("Location")
    if endpoint.answer == "nothing":
        assert content(response) == b""
        assert not response.has_header("Content-Type")
        return
    assert response["Content-Type"] == "application/json"
    said = shown(response)
    wanted = list(resource.read_fields if endpoint.answer == "read" else resource.write)
    for one in said if isinstance(said, list) else [said]:
        assert list(one) == wanted


def test_the_root_names_the_four_lists(legacy):
    response = ask(legacy, "GET", "")
    assert content(response) == (
        b'{"messages":"http://testserver/comm/api/messages/","notifications":"http://testserver/comm/api/notifications/",'
        b'"documents":"http://testserver/comm/api/documents/","email_queue":"http://testserver/comm/api/email_queue/"}'
    )
    assert response["Allow"] == ALLOW["root"]


@pytest.mark.parametrize(("path", "query", "end"), [(".json", "", ".json"), ("", "format=json", "/?format=json")])
def test_the_root_keeps_the_format_that_was_asked_for(legacy, path, query, end):
    said = shown(ask(legacy, "GET", path, QUERY_STRING=query))
    assert said["messages"] == f"http://testserver/comm/api/messages{end}"


@pytest.mark.parametrize("path", LISTS)
def test_a_get_also_answers_head(legacy, path):
    row = row_of(path)
    for where in (f"{path}/", f"{path}/{row.pk}/"):
        got, head = ask(legacy, "GET", where), ask(legacy, "HEAD", where)
        assert (head.status_code, content(head)) == (200, b"")
        assert dict(head.items()) == dict(got.items())


@pytest.mark.parametrize("path", LISTS)
def test_options_describe_a_list_and_a_row_that_exists(legacy, path):
    [resource] = [one for one in RESOURCES if one.path == path]
    row = row_of(path)
    name = {"email_queue": "Email Queue"}.get(path, path.removesuffix("s").capitalize())
    for where, called, method in (
        (f"{path}/", f"{name} List", "POST"),
        (f"{path}/{row.pk}/", f"{name} Instance", "PUT"),
    ):
        said = shown(ask(legacy, "OPTIONS", where))
        assert said["name"] == called
        assert said["renders"] == said["parses"] == ["application/json"]
        assert list(said["actions"]) == [method]
        assert list(said["actions"][method]) == list(resource.read_fields)
    for where in (f"{path}/{UNKNOWN}/", f"{path}/nonsense/"):
        response = ask(legacy, "OPTIONS", where)
        assert response.status_code == 200
        assert "actions" not in shown(response)


@pytest.mark.parametrize(("path", "name"), ACTIONS)
def test_options_describe_an_action(legacy, path, name):
    said = shown(ask(legacy, "OPTIONS", f"{path}/{UNKNOWN}/{name}/"))
    assert said["name"] == {"mark_read": "Mark read", "retry": "Retry"}[name]
    assert list(said["actions"]) == ["POST"]


def test_options_show_what_a_field_takes(legacy):
    fields = shown(ask(legacy, "OPTIONS", "notifications/"))["actions"]["POST"]
    assert fields["title"] == {
        "type": "string",
        "required": False,
        "read_only": False,
        "label": "Title",
        "max_length": 255,
    }
    assert fields["type"]["choices"] == [
        {"value": "email", "display_name": "Email"},
        {"value": "push", "display_name": "Push Notification"},
        {"value": "system", "display_name": "System Notification"},
    ]
    assert fields["id"]["read_only"] is True
    assert fields["status"]["read_only"] is False  # as it always said, although it is ignored
    assert fields["user_data"] == {"type": "field", "required": False, "read_only": True, "label": "User data"}


def test_a_preflight_is_answered_without_the_view(legacy):
    headers = {"HTTP_ORIGIN": "http://anywhere.example", "HTTP_ACCESS_CONTROL_REQUEST_METHOD": "POST"}
    response = ask(legacy, "OPTIONS", "messages/", **headers)
    assert (response.status_code, content(response)) == (200, b"")
    assert response["Access-Control-Allow-Origin"] == "http://anywhere.example"
    assert response["Access-Control-Allow-Credentials"] == "true"


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize("path", ["messages", f"messages/{UNKNOWN}", f"messages/{UNKNOWN}/mark_read", ""])
def test_an_address_without_its_slash_is_redirected_whatever_the_method(legacy, method, path):
    where = f"/comm/api/{path}".removesuffix("/")
    response = legacy.generic(method, f"{where}?a=1", "{}", content_type="application/json")
    assert (response.status_code, response["Location"]) == (301, f"{where}/?a=1")


@pytest.mark.parametrize("path", LISTS)
def test_the_format_can_be_named_in_three_ways(legacy, path):
    row = row_of(path)
    for where, query in (
        (f"{path}.json", ""),
        (f"{path}/", "format=json"),
        (f"{path}/{row.pk}.json", ""),
        (f"{path}/{row.pk}/", "format=json"),
    ):
        plain = where.replace(".json", "/")
        assert content(ask(legacy, "GET", where, QUERY_STRING=query)) == content(ask(legacy, "GET", plain))


@pytest.mark.parametrize(("path", "name"), BY_ID)
def test_a_list_by_id_takes_the_suffix(legacy, path, name):
    response = ask(legacy, "GET", f"{path}/{name}/{U}.json")
    assert (response.status_code, response["Content-Type"]) == (200, "application/json")


@pytest.mark.parametrize(("path", "name"), ACTIONS)
def test_an_action_takes_the_suffix(legacy, path, name):
    assert ask(legacy, "POST", f"{path}/{row_of(path).pk}/{name}.json").status_code == 200


@pytest.mark.parametrize(
    ("path", "query"),
    [("messages.xml", ""), ("messages/", "format=xml"), (".api", ""), ("notifications/by_status/a.b/", "")],
)
def test_another_format_is_not_found(legacy, path, query):
    response = ask(legacy, "GET", path, QUERY_STRING=query)
    assert (response.status_code, content(response)) == (404, b'{"detail":"Not found."}')


def test_parameters_of_a_list_are_ignored(legacy):
    row_of("messages")
    query = "page=7&limit=0&search=x&ordering=nothing&sender_id=x"
    assert content(ask(legacy, "GET", "messages/", QUERY_STRING=query)) == content(ask(legacy, "GET", "messages/"))


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("text", [str(UNKNOWN), "nonsense", "1", "%00", "sent"])
def test_a_row_that_is_not_there_is_not_found_before_the_body_is_looked_at(legacy, path, method, text):
    response = ask(legacy, method, f"{path}/{text}/", "no json", content_type="text/plain")
    assert (response.status_code, content(response)) == (404, b'{"detail":"Not found."}')


@pytest.mark.parametrize("form", ["{}", "{{{}}}", "urn:uuid:{}"])
def test_an_id_in_the_path_is_taken_in_every_form_of_a_uuid(legacy, form):
    row = row_of("messages")
    for text in (str(row.pk).upper(), row.pk.hex, str(row.pk)):
        assert shown(ask(legacy, "GET", f"messages/{form.format(text)}/"))["id"] == str(row.pk)


@pytest.mark.parametrize(("path", "name"), BY_ID)
@pytest.mark.parametrize("text", ["nonsense", "%00", "1"])
def test_a_list_by_something_that_is_no_id_is_not_found(legacy, path, name, text):
    response = ask(legacy, "GET", f"{path}/{name}/{text}/")
    assert (response.status_code, content(response)) == (404, b'{"detail":"Not found."}')


@pytest.mark.parametrize("path", ["notifications", "email_queue"])
@pytest.mark.parametrize("status", ["PENDING", "nonsense", "%00", "%ED%A0%80", "a" * 300])
def test_a_list_by_a_status_that_no_row_has_is_empty(legacy, path, status):
    row_of(path)
    response = ask(legacy, "GET", f"{path}/by_status/{status}/")
    assert (response.status_code, content(response)) == (200, b"[]")


@pytest.mark.parametrize("path", ["nothing/", "messages/a/b/c/", "messages//"])
def test_what_is_no_address_is_a_page(legacy, path):
    response = ask(legacy, "GET", path)
    assert (response.status_code, response["Content-Type"]) == (404, "text/html; charset=utf-8")


@pytest.mark.parametrize(("kind", "method"), REFUSED)
def test_a_method_that_is_not_offered_is_refused_also_without_a_row(legacy, kind, method):
    path = {
        "list": "messages/",
        "detail": f"messages/{UNKNOWN}/",
        "list_by": f"messages/sent/{U}/",
        "action": f"messages/{UNKNOWN}/mark_read/",
    }[kind]
    response = ask(legacy, method, path)
    assert response.status_code == 405
    assert (
        content(response) == json.dumps({"detail": f'Method "{method}" not allowed.'}, separators=(",", ":")).encode()
    )
    assert response["Allow"] == ALLOW[kind]


def test_accept_without_json_is_refused_before_any_effect(legacy):
    row = row_of("messages")
    for method, path in (("GET", "messages/"), ("DELETE", f"messages/{row.pk}/"), ("FOO", "messages/")):
        response = ask(legacy, method, path, HTTP_ACCEPT="application/xml")
        assert response.status_code == 406
        assert content(response) == b'{"detail":"Could not satisfy the request Accept header."}'
    row.refresh_from_db()


@pytest.mark.parametrize("accept", ["*/*", "application/*", "text/html, application/json;q=0.1", "application/json"])
def test_accept_with_json_is_served(legacy, accept):
    response = ask(legacy, "GET", "messages/", HTTP_ACCEPT=accept)
    assert (response.status_code, content(response)) == (200, b"[]")


def test_an_answer_is_indented_if_accept_asks_for_it(legacy):
    asked = {"HTTP_ACCEPT": "application/json; indent=2"}
    assert content(ask(legacy, "GET", "messages/", **asked)) == b"[]"
    for subject in ("é\u2028", "second"):
        row_of("messages", subject=subject)
    response = ask(legacy, "GET", "messages/", **asked)
    text = content(response).decode()
    assert response["Content-Type"] == "application/json"
    assert text == json.dumps(json.loads(text), indent=2, ensure_ascii=False).replace("\u2028", "\\u2028")
