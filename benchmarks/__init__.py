"""Benchmarks of our servers, of alternatives, and of minimal servers without a framework, which are the lower bound.

``python -m benchmarks`` runs them (docs/benchmarks.md).
"""
