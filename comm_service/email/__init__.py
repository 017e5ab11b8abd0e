"""The e-mail queue: rows of ``email_queue`` are claimed, handed over to a mail server, and recorded."""
