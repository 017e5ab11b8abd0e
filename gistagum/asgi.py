"""The ASGI application of the site that the settings name, for both HTTP and WebSocket. Daphne runs it."""

from django.core.asgi import get_asgi_application

from .request_encoding import ReadableEncoding
from .startup import check_database, load_settings

load_settings()
check_database()
django_application = get_asgi_application()
django_application.request_class = type("Request", (ReadableEncoding, django_application.request_class), {})

# These imports need Django's models, so they follow the set-up of Django.
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from channels.security.websocket import WebsocketDenier  # noqa: E402
from channels.sessions import CookieMiddleware, SessionMiddleware  # noqa: E402
from django.conf import settings  # noqa: E402
from django.urls import re_path  # noqa: E402
from django.utils.module_loading import import_string  # noqa: E402

from realtime.rollout.presence import presence  # noqa: E402
from realtime.transports.continuation import with_continuations  # noqa: E402
from realtime.transports.rate_limits import limited_handshakes  # noqa: E402

from .body_limits import bounded_bodies  # noqa: E402
from .doors import by_address, by_credential, outsiders_key, presented_key  # noqa: E402
from .garbage_collection import tune_garbage_collection  # noqa: E402
from .middleware import (  # noqa: E402
    with_allowed_host,
    with_allowed_origin,
    with_allowed_origin_if_any,
    without_malformed_session,
)
from .readiness import readiness, refused_until_ready  # noqa: E402
from .servers.daphne_bodies import limit_bodies  # noqa: E402
from .servers.daphne_shutdown import stop_in_time  # noqa: E402
from .servers.daphne_transport import batch_daphne_writes  # noqa: E402
from .servers.daphne_writer import with_flow_control  # noqa: E402
from .servers.head_responses import without_bodies_of_head  # noqa: E402
from .servers.uvicorn_shutdown import end_streams_at_shutdown  # noqa: E402
from .servers.uvicorn_writer import with_direct_writers  # noqa: E402
from .websocket_auth import StreamAuthMiddleware, refused_without_database  # noqa: E402

# URLRouter raises an error, which is logged, for a path that matches no route. This route rejects such handshakes.
refuse = WebsocketDenier.as_asgi()
addresses = URLRouter([*import_string(settings.WEBSOCKET_URLPATTERNS), re_path("", refuse)])
sockets = refused_until_ready(
    refused_without_database(
        without_malformed_session(limited_handshakes(SessionMiddleware(StreamAuthMiddleware(addresses))))
    )
)
# A token or a ticket is presented on purpose, unlike a cookie: any page, and any program, may do so.
doors = URLRouter([*import_string(settings.WEBSOCKET_DOORS), re_path("", refuse)])
token_sockets = with_allowed_host(
    refused_until_ready(refused_without_database(limited_handshakes(doors, presented_key))), refuse
)

all_sockets = by_credential(token_sockets, with_allowed_origin(CookieMiddleware(sockets), refuse))
if settings.WEBSOCKET_OUTSIDERS:
    # Neither our sessions nor our tokens count at these addresses, but tokens that their application checks itself.
    patterns = import_string(settings.WEBSOCKET_OUTSIDERS)
    outsiders = with_allowed_host(
        refused_until_ready(refused_without_database(limited_handshakes(URLRouter(patterns), outsiders_key))), refuse
    )
    if not settings.COMM_COMPAT:
        outsiders = with_allowed_origin_if_any(outsiders, refuse)
    all_sockets = by_address(patterns, outsiders, all_sockets)

application = with_flow_control(
    with_direct_writers(
        with_continuations(
            ProtocolTypeRouter(
                {
                    "http": without_bodies_of_head(bounded_bodies(django_application)),
                    "websocket": all_sockets,
                }
            )
        )
    )
)
limit_bodies()
batch_daphne_writes()
stop_in_time()
end_streams_at_shutdown()
tune_garbage_collection()
for name in settings.SERVER_STARTS:
    import_string(name)()
readiness.start(then=presence.start)
