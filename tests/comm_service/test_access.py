"""The secured form: whose rows a caller sees and changes, over both sides' one rule."""

import pytest

from comm_service.callers import make_token
from tests.comm_service.asking import LEAST, MODELS, U, V, ask, content, row_of, shown

pytestmark = pytest.mark.django_db
STRANGER = "11111111-2222-4333-8444-555555555555"
FORBIDDEN = b'{"detail":"You do not have permission to perform this action."}'


@pytest.fixture(params=["legacy"])
def ask_as(request, client, settings):
    """Sends a request with the token of a user, on each side."""
    settings.COMM_COMPAT, settings.COMM_API = False, request.param

    def send(user_id, method, path, body=None, role=""):
        return ask(client, method, path, body, HTTP_AUTHORIZATION=f"Bearer {make_token(user_id, role=role)}")

    return send


@pytest.fixture
def own():
    """Rows of user U: a message to V, a notification, a document, an e-mail."""
    return {
        "messages": row_of("messages"),
        "notifications": row_of("notifications", status="failed"),
        "documents": row_of("documents", owner_user_id=U),
        "email_queue": row_of("email_queue", status="failed"),
    }


SEES = {"messages": (U, V), "notifications": (U,), "documents": (U,), "email_queue": ()}
CHANGES = {"messages": (U,), "notifications": (), "documents": (U,), "email_queue": ()}
DELETES = {"messages": (U,), "notifications": (U,), "documents": (U,), "email_queue": ()}
ACTS = {"messages/mark_read": (V,), "notifications/retry": (), "email_queue/retry": ()}


def outcome(who, seeing, allowed, status):
    """The status for somebody: 404 for what they do not see, 403 for what they may not do."""
    return status if who in allowed else 403 if who in seeing else 404


@pytest.mark.parametrize("who", [U, V, STRANGER], ids=["owner", "receiver", "stranger"])
@pytest.mark.parametrize("path", sorted(SEES))
def test_a_row_is_shown_to_its_own_people_and_to_nobody_else(ask_as, own, path, who):
    seen = who in SEES[path]
    assert len(shown(ask_as(who, "GET", f"{path}/"))) == seen
    assert ask_as(who, "GET", f"{path}/{own[path].pk}/").status_code == (200 if seen else 404)


@pytest.mark.parametrize("who", [U, V, STRANGER], ids=["owner", "receiver", "stranger"])
@pytest.mark.parametrize("path", sorted(SEES))
def test_a_row_is_changed_and_deleted_by_those_who_may(ask_as, own, path, who):
    where = f"{path}/{own[path].pk}/"
    wanted = outcome(who, SEES[path], CHANGES[path], 200)
    assert ask_as(who, "PATCH", where, {}).status_code == wanted
    assert ask_as(who, "PUT", where, {**LEAST[path]}).status_code == wanted
    assert ask_as(who, "DELETE", where).status_code == outcome(who, SEES[path], DELETES[path], 204)


@pytest.mark.parametrize("who", [U, V, STRANGER], ids=["owner", "receiver", "stranger"])
@pytest.mark.parametrize("action", sorted(ACTS))
def test_an_action_is_for_those_who_may(ask_as, own, action, who):
    path, _, name = action.partition("/")
    response = ask_as(who, "POST", f"{path}/{own[path].pk}/{name}/")
    assert response.status_code == outcome(who, SEES[path], ACTS[action], 200)


@pytest.mark.parametrize(
    ("path", "values", "may"),
    [
        ("messages", {"sender_id": str(U)}, True),
        ("messages", {"sender_id": str(V)}, False),
        ("notifications", {"user_id": str(U)}, False),
        ("documents", {"owner_user_id": str(U)}, True),
        ("documents", {"uploaded_by": str(U)}, True),
        ("documents", {"owner_user_id": str(U), "uploaded_by": str(V)}, False),
        ("documents", {}, False),
        ("email_queue", {}, False),
    ],
)
def test_a_row_is_made_in_ones_own_name_alone(ask_as, path, values, may):
    response = ask_as(U, "POST", f"{path}/", {**LEAST[path], **values})
    assert response.status_code == (201 if may else 403)
    assert MODELS[path].objects.count() == may
    if not may:
        assert content(response) == FORBIDDEN


def test_a_body_that_is_wrong_is_refused_before_the_right_to_it(ask_as):
    assert ask_as(U, "POST", "email_queue/", {}).status_code == 400


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("messages", {"sender_id": str(V)}),
        ("documents", {"owner_user_id": str(V)}),
        ("documents", {"uploaded_by": str(V)}),
        ("documents", {"owner_user_id": None}),
    ],
)
def test_a_change_hands_no_row_to_somebody_else(ask_as, own, path, values):
    assert content(ask_as(U, "PATCH", f"{path}/{own[path].pk}/", values)) == FORBIDDEN


def test_lists_by_somebody_elses_id_hold_what_the_caller_sees(ask_as, own):
    assert shown(ask_as(STRANGER, "GET", f"messages/sent/{U}/")) == []
    assert len(shown(ask_as(V, "GET", f"messages/sent/{U}/"))) == 1
    assert shown(ask_as(V, "GET", f"notifications/by_user/{U}/")) == []


@pytest.mark.parametrize("role", ["service", "admin"])
def test_services_and_administrators_do_everything(ask_as, own, role):
    for path, row in own.items():
        assert len(shown(ask_as(STRANGER, "GET", f"{path}/", role=role))) == 1
        assert ask_as(STRANGER, "POST", f"{path}/", LEAST[path], role=role).status_code == 201
        assert ask_as(STRANGER, "PATCH", f"{path}/{row.pk}/", {}, role=role).status_code == 200
        assert ask_as(STRANGER, "DELETE", f"{path}/{row.pk}/", role=role).status_code == 204
