"""Measured side by side: our servers, what others would have used, and the floor below which no framework gets.

``python -m benchmarks`` runs it (docs/benchmarks.md).
"""
