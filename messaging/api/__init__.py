"""The API of conversations under ``/api/v1/`` and its WebSocket ``/ws``, for programs."""
