"""The communication API: messages, notifications, documents and an outgoing e-mail queue, in two implementations."""
