"""The operations of the new side: the same ones for each of the four tables, as ``contract.py`` lists them."""

from collections.abc import Callable
from http import HTTPStatus
from itertools import chain
from typing import Annotated, Any
from uuid import UUID

from django.core.exceptions import ObjectDoesNotExist
from django.db.models import Model, QuerySet
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from ninja import Path, Router

from .. import services
from ..access import check_action, check_change, check_create, check_delete, visible
from ..containment import InvalidFilters, containing
from ..contract import EMAIL_QUEUE, PREFIX, ListBy, Resource
from ..ids import id_in_path
from ..json_values import text_fault
from ..ordering import newest_column
from ..streaming import streamed
from . import described
from .bodies import read_body
from .door import AskedRequest
from .pages import after_cursor, limit_of, link_to_next
from .refusals import Refusal, not_found
from .rows import CHUNK, Rows, model_of
from .schemas import BODIES, CHANGES, checked
from .writing import encoded, response, write_chunks, write_list, write_object

ACTIONS: dict[str, Callable[..., None]] = {"mark_read": services.mark_read, "retry": services.retry}
PENDING = "pending"


def router_of(resource: Resource) -> Router:
    """The operations of one table."""
    router = Router(tags=[resource.path])
    _add_list(router, resource)
    if resource is EMAIL_QUEUE:
        _add_pending(router, resource)
    for by in resource.lists:
        _add_list_by(router, resource, by)
    _add_detail(router, resource)
    for name in resource.actions:
        _add_action(router, resource, name)
    return router


def _add_list(router: Router, resource: Resource) -> None:
    model = model_of(resource)

    @router.get(f"{resource.path}/", **described.listing(resource))
    def listed(request: AskedRequest) -> HttpResponseBase:
        return _list(request, resource, visible(request.asked.caller, model))

    @router.post(f"{resource.path}/", **described.creating(resource))
    def made(request: AskedRequest) -> HttpResponseBase:
        values = checked(BODIES[resource.path], resource.write, read_body(request))
        check_create(request.asked.caller, model, values)
        row = services.create(model, values, request.asked.caller)
        answer = _written(request, resource, row, HTTPStatus.CREATED)
        answer["Location"] = f"{PREFIX}{resource.path}/{row.pk}/"
        return answer


def _add_pending(router: Router, resource: Resource) -> None:
    @router.get(f"{resource.path}/{PENDING}/", **described.pending(resource))
    def waiting(request: AskedRequest) -> HttpResponseBase:
        rows = visible(request.asked.caller, model_of(resource)).filter(status="pending")
        return _list(request, resource, rows)


def _add_list_by(router: Router, resource: Resource, by: ListBy) -> None:
    @router.get(f"{resource.path}/{by.name}/{{{by.field}}}/", **described.listing_by(resource, by))
    def listed_by(request: AskedRequest, value: Annotated[str, Path(alias=by.field)]) -> HttpResponseBase:
        rows = visible(request.asked.caller, model_of(resource))
        if not by.by_id and text_fault(value):  # no row holds it, and PostgreSQL refuses to look
            rows = rows.none()
        return _list(request, resource, rows.filter(**{by.field: _uuid(value) if by.by_id else value}))


def _add_detail(router: Router, resource: Resource) -> None:
    path = f"{resource.path}/{{id}}/"

    @router.get(path, **described.reading(resource))
    def read(request: AskedRequest, id: str) -> HttpResponseBase:
        rows = visible(request.asked.caller, model_of(resource)).filter(pk=_uuid(id))
        found = Rows(resource).page(rows, 1)
        if not found:
            raise not_found()
        return response(write_object(found[0], request.asked.indent))

    @router.put(path, **described.replacing(resource))
    def replaced(request: AskedRequest, id: str) -> HttpResponseBase:
        return changed(request, id, whole=True)

    @router.patch(path, **described.changing(resource))
    def patched(request: AskedRequest, id: str) -> HttpResponseBase:
        return changed(request, id, whole=False)

    def changed(request: AskedRequest, id: str, *, whole: bool) -> HttpResponseBase:
        row = row_of(request, resource, id)
        schema = (BODIES if whole else CHANGES)[resource.path]
        values = checked(schema, resource.write, read_body(request))
        check_change(request.asked.caller, row, values)
        try:
            services.update(row, values, request.asked.caller)
        except ObjectDoesNotExist:  # deleted meanwhile
            raise not_found() from None
        return _written(request, resource, row)

    @router.delete(path, **described.deleting(resource))
    def deleted(request: AskedRequest, id: str) -> HttpResponseBase:
        row = row_of(request, resource, id)
        check_delete(request.asked.caller, row)
        services.delete(row, request.asked.caller)
        answer = HttpResponse(status=HTTPStatus.NO_CONTENT)
        del answer["Content-Type"]
        return answer


def _add_action(router: Router, resource: Resource, name: str) -> None:
    act = ACTIONS[name]

    @router.post(f"{resource.path}/{{id}}/{name}/", **described.acting(resource, name))
    def acted(request: AskedRequest, id: str) -> HttpResponseBase:
        row = row_of(request, resource, id)
        check_action(request.asked.caller, row)
        try:
            act(row, request.asked.caller)
        except ObjectDoesNotExist:  # deleted meanwhile
            raise not_found() from None
        return response(write_object(Rows(resource).of(row), request.asked.indent))


def _uuid(text: str) -> UUID:
    """The id in a path. Raise Refusal (404) for a malformed one, as for one that is unknown."""
    row_id = id_in_path(text)
    if row_id is None:
        raise not_found()
    return row_id


def row_of(request: AskedRequest, resource: Resource, id: str) -> Any:
    """The row of an id in a path. Raise Refusal (404) if the caller sees none."""
    row = visible(request.asked.caller, model_of(resource)).filter(pk=_uuid(id)).first()
    if row is None:
        raise not_found()
    return row


def _written(request: AskedRequest, resource: Resource, row: Model, status: int = HTTPStatus.OK) -> HttpResponse:
    """The WRITE form of a row: the answer of POST, PUT and PATCH."""
    values = {name: getattr(row, name) for name in resource.write}
    for name in ("metadata", "headers", "to_addresses"):
        if name in values:
            values[name] = encoded(values[name])
    return response(write_object(values, request.asked.indent), status)


def _list(request: AskedRequest, resource: Resource, rows: QuerySet[Any]) -> HttpResponseBase:
    """An array of rows: at once, as one page, or streamed if there are many."""
    indent, reader = request.asked.indent, Rows(resource)
    try:
        rows = containing(rows, request.GET)
    except InvalidFilters as filters:
        raise Refusal(HTTPStatus.BAD_REQUEST, filters.errors) from None
    limit = limit_of(request)
    if limit is not None:
        found = reader.page(after_cursor(request, rows), limit + 1)
        answer = response(write_list(found[:limit], indent))
        if len(found) > limit:
            answer["Link"] = link_to_next(request, limit, found[limit - 1], newest_column(rows.model))
        return answer
    read = reader.chunks(rows)
    first = next(read)
    if len(first) < CHUNK:
        return response(write_list(first, indent))
    return streamed(request, write_chunks(chain([first], read), indent))
