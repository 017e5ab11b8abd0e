"""A site without the office whose people have UUIDs for ids: `tests/realtime/access/test_user_ids.py` runs it."""
