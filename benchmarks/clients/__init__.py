"""Many cheap clients in one process: ``python -m benchmarks.clients`` reads commands line by line."""
