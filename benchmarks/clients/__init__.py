"""Many cheap clients in one process of its own: ``python -m benchmarks.clients`` takes orders line by line."""
