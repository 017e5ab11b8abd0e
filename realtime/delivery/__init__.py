"""How events reach whoever is connected to this process: the tail of the log, and a conversation with each."""
