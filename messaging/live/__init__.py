"""What is true only now: who is typing, who is there, how much is unread, which messages have reached their people."""
