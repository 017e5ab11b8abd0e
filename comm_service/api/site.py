"""The Ninja API: its routers, how refusals are answered, and what OpenAPI says of it as a whole."""

from ninja import NinjaAPI

from ..access import Forbidden
from ..contract import RESOURCES
from .door import UNREADABLE, fault_in_operation, refused_in_operation
from .refusals import Refusal
from .routes import router_of
from .upload import router as uploads

DESCRIPTION = """
Messages, notifications, document metadata and the outgoing e-mail queue.

An error of the body is 400 with the texts of each wrong field: `{"sender_id": ["This field is required."]}`. Other
errors are `{"detail": "…"}`. Every answer is JSON and carries `Allow`; every GET also answers HEAD, and every address
OPTIONS. `Accept: application/json; indent=2` indents the answer. Times are UTC with six digits of a second, or none.

Unless the service runs in its compatibility form, requests show a token: `Authorization: Bearer …`.
"""

api = NinjaAPI(
    title="Communication API",
    version="1",
    description=DESCRIPTION,
    urls_namespace="comm_api",
    docs_url=None,
    openapi_url=None,
)
for resource in RESOURCES:
    api.add_router("", router_of(resource))
api.add_router("", uploads)
api.add_exception_handler(Exception, fault_in_operation)
for kind in (Refusal, Forbidden, *UNREADABLE):
    api.add_exception_handler(kind, refused_in_operation)
