"""The WebSocket URL patterns of the site, for people who are signed in: those of its applications."""

from messaging.routing import websocket_urlpatterns as of_messaging
from projeng.routing import websocket_urlpatterns as of_the_office

# The first one counts: ``/ws/notifications/`` of somebody who is signed in is the office's.
websocket_urlpatterns = [*of_the_office, *of_messaging]
