"""The transports: Server-Sent Events, WebSocket, polling, and who is refused by them."""
