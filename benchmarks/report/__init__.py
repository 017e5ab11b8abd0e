"""The reports, made from the figures alone: Markdown, and one HTML page that needs nothing else."""

from pathlib import Path

from ..results import Results
from .html import page
from .markdown import document


def write(results: Results, path: Path) -> None:
    """Write both beside the JSON at ``path``."""
    path.with_suffix(".md").write_text(document(results))
    path.with_suffix(".html").write_text(page(results))
