"""The ASGI application, where HTTP meets WebSocket: what Daphne serves."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gistagum.settings")

django_application = get_asgi_application()

# After Django is set up, since these need its models.
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from channels.security.websocket import WebsocketDenier  # noqa: E402
from channels.sessions import CookieMiddleware, SessionMiddleware  # noqa: E402
from django.urls import re_path  # noqa: E402

from projeng.routing import websocket_urlpatterns  # noqa: E402
from realtime.rollout.presence import presence  # noqa: E402
from realtime.transports.continuation import with_continuations  # noqa: E402
from realtime.transports.rate_limits import limited_handshakes  # noqa: E402

from .body_limits import bounded_bodies  # noqa: E402
from .garbage_collection import tune_garbage_collection  # noqa: E402
from .middleware import own_origin_only, own_session_only  # noqa: E402
from .servers.daphne_bodies import limit_bodies  # noqa: E402
from .servers.daphne_shutdown import stop_in_time  # noqa: E402
from .servers.daphne_transport import batch_daphne_writes  # noqa: E402
from .servers.daphne_writer import with_flow_control  # noqa: E402
from .servers.uvicorn_writer import with_direct_writers  # noqa: E402
from .websocket_auth import SignedIn, refused_without_data  # noqa: E402

# An unknown address is refused like one that is not allowed; without this it would be an error in the log.
refuse = WebsocketDenier.as_asgi()
addresses = URLRouter([*websocket_urlpatterns, re_path("", refuse)])
sockets = refused_without_data(own_session_only(limited_handshakes(SessionMiddleware(SignedIn(addresses)))))

application = with_flow_control(
    with_direct_writers(
        with_continuations(
            ProtocolTypeRouter(
                {
                    "http": bounded_bodies(django_application),
                    "websocket": own_origin_only(CookieMiddleware(sockets), refuse),
                }
            )
        )
    )
)
limit_bodies()
batch_daphne_writes()
stop_in_time()
tune_garbage_collection()
presence.start()
