"""What we are measured against, a file each: the server, and the publisher that feeds it from another process.

They run with the Python of .venv-bench (benchmarks/setup.sh) and know nothing of the site.
"""
