"""The access table: the expected permissions of every URL, stated independently of the code that enforces them.

A URL without a rule fails the tests, so that new URLs need one.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from django.urls import URLPattern, URLResolver, get_resolver

ROLES = (
    "anonymous",
    "signed out",
    "disabled",
    "nobody",  # signed in, in no group
    "engineer",  # assigned to the project
    "other engineer",  # not assigned
    "finance",
    "head",
    "staff",  # may sign in to the admin, without permissions
    "superuser",
)
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS")
OUT = frozenset({"anonymous", "signed out", "disabled"})

IN = frozenset(ROLES) - OUT
HEAD = frozenset({"head", "superuser"})
ALL = HEAD | {"finance"}  # see every project
OURS = ALL | {"engineer"}  # see this project
REPORT = HEAD | {"engineer"}
OFFICE = OURS | {"other engineer"}
STAFF = frozenset({"staff", "superuser"})
SUPERUSER = frozenset({"superuser"})


@dataclass(frozen=True)
class Rule:
    """The roles and methods that may request a URL, and the statuses of other requests.

    ``may``: the allowed roles. Their status is ``get`` for GET and HEAD, and ``post`` for an empty POST.
    ``sees``: roles that get 403 if they are not allowed; other signed-in users get 404.
    ``out``: the status for users who are not signed in. ``on``: roles that are redirected to their own page.
    ``methods_first``: an unsupported method is refused before permissions are checked; else after that.
    """

    may: frozenset[str]
    methods: tuple[str, ...] = ("GET", "HEAD")
    get: int = 200
    post: int = 422
    out: int = 302
    sees: frozenset[str] = frozenset(ROLES)
    methods_first: bool = True
    stream: bool = False
    on: frozenset[str] = frozenset()
    exists_first: bool = False  # whether the object exists is checked before the method
    as_get: tuple[str, ...] = ()  # methods that are treated like GET

    def expects(self, method: str, role: str) -> int:
        """The status for this method and role."""
        if role in self.on:
            return 302
        if self.exists_first and role not in self.sees | OUT:
            return 404
        if self.methods_first and method not in self.methods:
            return 405
        if role in OUT and role not in self.may:
            return self.out
        if role not in self.sees:
            return 404
        if role not in self.may:
            return 403
        if method not in self.methods:
            return 405
        if method in {"GET", "HEAD"} or method in self.as_get:
            return self.get
        return 200 if method == "OPTIONS" else self.post


@dataclass(frozen=True)
class Api(Rule):
    """An address of the APIs: 401 comes first of all, then who may write, then the method, then what one may see.

    ``writes``: the roles that may use other methods than GET, HEAD and OPTIONS; the others get 403. ``delete``: what a
    deletion is answered with.
    """

    methods: tuple[str, ...] = ("GET", "HEAD", "OPTIONS")
    post: int = 400
    delete: int = 204
    out: int = 401
    writes: frozenset[str] = frozenset(ROLES)

    def expects(self, method: str, role: str) -> int:
        if role in OUT and role not in self.may:
            return self.out
        if method not in {"GET", "HEAD", "OPTIONS"} and role not in self.writes:
            return 403
        if method not in self.methods:
            return 405
        if method == "OPTIONS":
            return 200
        if role not in self.sees:
            return 404
        return self.get if method in {"GET", "HEAD"} else self.delete if method == "DELETE" else self.post


class TokenOnly(Rule):
    """An address for tokens alone: a session, even one that has ended, is refused with 403."""

    def expects(self, method: str, role: str) -> int:
        return 405 if method not in self.methods else 401 if role == "anonymous" else 403


class OtherTokens(Api):
    """An address for tokens of another kind, which none of the office's people has."""

    def expects(self, method: str, role: str) -> int:
        return 405 if method not in self.methods else 401


READ = ("GET", "HEAD")
FORM = ("GET", "HEAD", "POST")
API_LIST = (*READ, "POST", "OPTIONS")
API_ROW = (*READ, "PUT", "DELETE", "OPTIONS")
page = Rule(IN)
form = Rule(IN, FORM)
of_project = Rule(OURS, sees=OURS)
form_of_project = Rule(REPORT, FORM, sees=OURS)
stream = Rule(IN, ("GET",), out=401, stream=True)

RULES = {
    "home": replace(page, get=302),
    "profile": page,
    # Everybody may open the sign-in page; signed-in users are redirected. Django's form views treat PUT like POST.
    "login": Rule(frozenset(ROLES), (*FORM, "PUT", "OPTIONS"), post=200, on=IN),
    "logout": Rule(frozenset(ROLES), ("POST", "OPTIONS"), post=302),
    "password_change": Rule(IN, (*FORM, "PUT", "OPTIONS"), post=200, methods_first=False),
    "dashboard": Rule(HEAD),
    "finance_dashboard": Rule(ALL),
    "engineer_dashboard": Rule(HEAD | {"engineer", "other engineer"}),
    "head_notifications": Rule(HEAD, (*FORM, "OPTIONS"), post=400, methods_first=False),
    "finance_notifications": Rule(ALL, (*FORM, "OPTIONS"), post=400, methods_first=False),
    "engineer_notifications": Rule(IN, (*FORM, "OPTIONS"), post=400, methods_first=False),
    "undo": Rule(IN, ("POST",), post=302),  # of one's own deletions
    "project_list": Rule(OFFICE),
    "project_create": Rule(HEAD, FORM),
    "project_detail": of_project,
    "project_picture": of_project,
    "document": of_project,
    "receipt": of_project,
    "project_edit": Rule(HEAD, FORM),
    "project_delete": Rule(HEAD, FORM, post=302),
    "project_engineers": Rule(HEAD, FORM, post=302),
    "progress_add": form_of_project,
    "milestone_add": form_of_project,
    "document_add": form_of_project,
    "cost_add": replace(form_of_project, may=OURS),
    "milestone_reached": replace(form_of_project, methods=("POST",), post=302),
    "project_history": of_project,
    # What a head entered, and of nobody who is known. No part is void, so there is nothing to restore.
    **{
        f"{kind}_{page}": rule
        for kind in ("progress", "cost", "milestone", "document")
        for page, rule in {
            "edit": Rule(HEAD, FORM, sees=OURS),
            "void": Rule(HEAD, FORM, sees=OURS),
            "restore": Rule(HEAD, FORM, get=302, post=302, sees=OURS),
            "history": of_project,
        }.items()
    },
    "stream_notifications": stream,
    "stream_dashboard": stream,
    "stream_projects": stream,
    "stream_project": replace(stream, may=OURS, sees=OURS, exists_first=True),
    "stream_events": stream,
    "realtime_poll": Rule(IN, ("GET",), out=401),
    "realtime_receipts": Rule(IN, ("POST",), out=401, post=415),
    "realtime_status": Rule(IN, READ, out=401),
    "feedback": Rule(IN, ("POST",), post=302),
    # Other signed-in users get 404 for the control room.
    "control_room": Rule(STAFF, FORM, post=302, sees=STAFF),
    "control_room_checklist": Rule(STAFF, sees=STAFF),
    "moves": Rule(STAFF, sees=STAFF),
    "move": Rule(STAFF, FORM, get=302, post=302, sees=STAFF),  # the transport's page is the control room
    "api_schema": Api(frozenset(ROLES)),
    "api_login": Api(frozenset(ROLES), ("POST", "OPTIONS")),
    "api_logout": Api(IN, ("POST", "OPTIONS"), post=200),
    "api_people": Api(IN),
    "attachments": Api(IN, ("POST", "OPTIONS"), post=422),
    # The engineer's upload, which is in no message yet.
    "attachment": Api(IN, (*READ, "DELETE", "OPTIONS"), sees=frozenset({"engineer"})),
    "attachment_download": Api(IN, (*READ, "OPTIONS"), get=302, sees=frozenset({"engineer"})),
    "attachment_thumbnail": Api(IN, (*READ, "OPTIONS"), get=302, sees=frozenset({"engineer"})),
    "conversations": Api(IN, API_LIST, post=422),
    "messages": Api(IN, ("POST", "OPTIONS"), post=422),
    "messaging_preferences": Api(IN),
    "messaging_keys": Api(IN, (*READ, "PUT", "DELETE", "OPTIONS"), post=422, delete=422),
    "messaging_presence": Api(IN),
    "ws_ticket": Api(IN, ("POST", "OPTIONS"), post=201),
    # The engineer's own conversation, and the message in it.
    **{
        name: replace(rule, may=IN, sees=frozenset({"engineer"}))
        for name, rule in {
            "conversation": Api(IN, (*READ, "DELETE", "OPTIONS")),
            "conversation_join": Api(IN, ("POST", "OPTIONS"), post=200),
            "conversation_leave": Api(IN, ("POST", "OPTIONS"), post=204),
            "conversation_messages": Api(IN, API_LIST, post=422),
            "conversation_read": Api(IN, ("POST", "OPTIONS"), post=422),
            "conversation_typing": Api(IN, ("POST", "OPTIONS"), post=204),
            "participants": Api(IN, API_LIST, post=422),
            "participant": Api(IN, ("DELETE", "OPTIONS")),
            "message": Api(IN, API_ROW, delete=200),
            "message_history": Api(IN),
            "message_reactions": Api(IN, ("POST", "DELETE", "OPTIONS"), post=422, delete=422),
        }.items()
    },
    "chat_messages": Api(IN, API_LIST),
    "chat_message": Api(IN, API_ROW, sees=frozenset({"engineer"})),
    "chat_conversations": Api(IN),
    "chat_history": Api(IN),
    "chat_mark_read": Api(IN, ("POST", "OPTIONS")),
    "chat_typing": Api(IN, ("POST", "OPTIONS")),
    "chat_unread_count": Api(IN),
    "chat_online_users": Api(IN),
    "chat_ticket": Api(IN, ("POST", "OPTIONS"), post=200),
    "chat_stream": stream,
    "chat_stream_test": replace(stream, may=frozenset(ROLES)),
    "chat_poll": stream,  # whose answers wait for something to happen
    "chat_poll_test": Rule(frozenset(ROLES), ("GET",)),
    "chat_poll_disconnect": TokenOnly(frozenset(), ("POST",)),
    # Their own rule is tested in tests/comm_service/test_access.py.
    "comm_api": OtherTokens(frozenset(), METHODS),
    "comm_events": OtherTokens(frozenset(), ("GET",)),
    "comm_document_content": Rule(frozenset(ROLES), get=404),  # there is no such document
    "comm_health": Rule(frozenset(ROLES)),
    "comm_docs": Rule(frozenset(ROLES)),
    "comm_docs_short": Rule(frozenset(ROLES)),
    "comm_openapi": Rule(frozenset(ROLES)),
    "notice-list": Api(IN, API_LIST, writes=STAFF),
    "notice-detail": Api(IN, API_ROW, writes=STAFF),
    "notice-attachment": Api(IN, writes=STAFF),
    "event-image": Api(IN, writes=STAFF),
    "event-list": Api(IN, API_LIST, writes=STAFF),
    "event-detail": Api(IN, API_ROW, writes=STAFF),
    "event_registration-list": Api(IN, API_LIST),
    "event_registration-detail": Api(IN, API_ROW, sees=STAFF | {"engineer"}),
}

# --- messages: the conversation is that of the project, the message in it the head's --------------------------------

_asked = Rule(IN, ("GET",), out=401)
_told = Rule(IN, ("POST",), out=401)
_of_conversation = Rule(OURS, ("GET",), out=401, sees=OURS)
_changes_conversation = replace(_of_conversation, methods=("POST",))
MESSAGES = {
    "messages_page": page,
    "messages_conversation": of_project,
    "messages_about": replace(of_project, get=302),
    "messages_api_conversations": replace(_asked, methods=("GET", "POST")),
    "messages_api_conversation": _of_conversation,
    "messages_api_history": _of_conversation,
    "messages_api_read": _changes_conversation,
    "messages_api_typing": _changes_conversation,
    "messages_api_participants": replace(_of_conversation, methods=("GET", "POST")),
    # Who takes part is the project's matter.
    "messages_api_participant": replace(_of_conversation, methods=("DELETE",), post=409),
    "messages_api_leave": replace(_changes_conversation, post=409),
    "messages_api_about": _of_conversation,
    "messages_api_send": _told,
    "messages_api_message": replace(_of_conversation, methods=("GET", "DELETE"), post=403),
    "messages_api_reaction": replace(_of_conversation, methods=("PUT", "DELETE"), post=200),
    "messages_api_upload": _told,
    "messages_api_delivered": _told,
    "messages_api_muted": _asked,
    "messages_api_people": _asked,
    "messages_api_person": _asked,
    "messages_api_presence": _asked,
    "messages_api_preferences": replace(_asked, methods=("GET", "PATCH")),
    "messages_api_keys": replace(_asked, methods=("GET", "PUT", "DELETE")),
}
RULES |= MESSAGES

# --- the admin: all staff may enter, and see what their permissions allow (here: nothing, or all for superusers) -----

_ANY = METHODS
_NO_STAFF = frozenset(ROLES) - STAFF


@dataclass(frozen=True)
class Admin(Rule):
    """A page of the admin, which treats all methods but POST alike, and redirects others to its sign-in page."""

    methods: tuple[str, ...] = _ANY
    as_get: tuple[str, ...] = ("PUT", "DELETE", "OPTIONS")
    post: int = 200

    def expects(self, method: str, role: str) -> int:
        if role in _NO_STAFF and role not in self.may:
            return 302
        return super().expects(method, role)


class SignIn(Admin):
    """The admin's sign-in page, which redirects staff."""

    def expects(self, method: str, role: str) -> int:
        return 302 if method == "GET" and role in STAFF else super().expects(method, role)


_seen = Admin(SUPERUSER)
_never = Admin(frozenset())
RECORDED = ("event", "linkreport", "fallback", "feedback", "projectactivity", "correction")  # by the system only
PAGES = {
    "changelist": _seen,
    "add": _seen,
    "change": _seen,
    "history": _seen,
    "delete": _seen,
}
ADMIN = {
    "index": Admin(STAFF),
    "login": SignIn(frozenset(ROLES), (*FORM, "PUT", "OPTIONS")),
    "logout": Admin(STAFF, ("POST", "OPTIONS"), post=302),
    "password_change": Admin(STAFF, (*FORM, "PUT", "OPTIONS")),
    "password_change_done": Admin(STAFF, (*READ, "OPTIONS")),
    "autocomplete": Admin(SUPERUSER, (*READ, "OPTIONS")),
    "jsi18n": Admin(STAFF, (*READ, "OPTIONS")),
    "view_on_site": Admin(frozenset(), sees=_NO_STAFF),  # no model has a public page
    "app_list": Admin(SUPERUSER, sees=_NO_STAFF | SUPERUSER),
    "auth_user_password_change": _seen,
}


def rule_for(name: str, route: str) -> Rule | None:
    """Return the rule of a URL by its name (``-``: none) and its route."""
    if not name.startswith("admin:"):
        return RULES.get(name)
    name = name.removeprefix("admin:")
    if name in ADMIN:
        return ADMIN[name]
    if name == "-" and route.endswith("(?P<url>.*)$"):
        return Admin(frozenset(), sees=_NO_STAFF)  # any other path below /admin/
    if name == "-" and route.endswith("<path:object_id>/"):
        return Admin(STAFF, get=302, post=302)  # a redirect to the object's page, even if it does not exist
    found = re.fullmatch(r"[a-z]+_([a-z]+)_(changelist|add|change|history|delete)", name)
    if not found:
        return None
    model, what = found.groups()
    if model in RECORDED and what in {"add", "delete"}:
        return _never
    if model in RECORDED and what == "change":
        return replace(_seen, post=403)
    # A notification's only editable field is its read flag, so an empty form is valid.
    return replace(_seen, post=302) if (model, what) == ("notification", "change") else PAGES[what]


def addresses() -> Iterator[tuple[str, str]]:
    """Yield every URL: its name (with its namespace; ``-`` for none) and its route."""

    def walk(resolver: URLResolver, namespace: str, before: str) -> Iterator[tuple[str, str]]:
        for pattern in resolver.url_patterns:
            route = before + str(pattern.pattern)
            if isinstance(pattern, URLPattern):
                yield namespace + (pattern.name or "-"), route
            else:
                yield from walk(pattern, namespace + (f"{pattern.namespace}:" if pattern.namespace else ""), route)

    return walk(get_resolver(), "", "")
