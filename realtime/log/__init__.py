"""What happened: typed events, and the one durable, ordered log that they are written to and read from."""
