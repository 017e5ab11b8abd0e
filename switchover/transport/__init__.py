"""The move of transports, from Server-Sent Events to WebSocket: who gets which, and what it has proved."""
