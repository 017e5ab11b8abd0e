"""Conversations, for people and for old clients. Knows no application that has people and subjects."""
