"""The chat over WebSocket: the first generation (``/ws/chat/``, ``/ws/v1/…``) and the second (``/ws/v2/…``)."""
