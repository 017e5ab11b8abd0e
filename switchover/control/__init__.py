"""The control room: what operators see and do, and the feedback of users."""
