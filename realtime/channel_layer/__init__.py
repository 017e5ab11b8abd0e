"""How processes hint at new events to each other, by way of the channel layer."""
