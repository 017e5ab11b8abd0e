"""How processes hint at new events to each other through the channel layer."""
