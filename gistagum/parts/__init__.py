"""Settings of single parts of the site, each of which a process may serve alone (``SERVICE``), on its own database."""

PARTS = {"comm": "gistagum.parts.comm"}  # SERVICE -> the module of its settings
