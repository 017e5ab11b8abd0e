"""The transports: Server-Sent Events, WebSocket and polling, with their limits and refusals."""
