"""How events reach the connections of this process: the tail of the log, the protocol, and its drivers."""
