"""The WebSocket URL patterns of messaging: those for clients that present a token or a ticket, or a session."""

from .api.routing import websocket_urlpatterns as of_the_api
from .chat.routing import websocket_urlpatterns as of_the_chat

websocket_urlpatterns = [*of_the_chat, *of_the_api]
