"""Moves callers from an old way to a new one, and back: the engine that every such move uses."""
