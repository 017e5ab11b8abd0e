"""The reports, generated from the results alone: Markdown, and a self-contained HTML page."""

from pathlib import Path

from ..results import Results
from .html import page
from .markdown import document


def write(results: Results, path: Path) -> None:
    """Write both reports next to the JSON at ``path``."""
    path.with_suffix(".md").write_text(document(results))
    path.with_suffix(".html").write_text(page(results))
