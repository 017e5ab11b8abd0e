"""The WebSocket URL patterns of the site: those of its applications."""

from projeng.routing import websocket_urlpatterns as of_the_office

websocket_urlpatterns = [*of_the_office]
