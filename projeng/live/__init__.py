"""Pages whose regions the server sends to open pages after each change."""
