"""The doors: Server-Sent Events, WebSocket, polling, and who is refused at them."""
