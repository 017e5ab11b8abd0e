"""Requests with an ``Idempotency-Key``: carried out once, answered the same however often they are sent."""
