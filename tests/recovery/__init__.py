"""Databases that lose the end of their history under a running site: every page is told, or misses nothing."""
