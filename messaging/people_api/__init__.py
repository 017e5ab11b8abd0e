"""Signing in for programs, with a token, and the search for people to write to."""
