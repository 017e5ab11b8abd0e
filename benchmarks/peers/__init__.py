"""The peers that our servers are compared with, one in each module: the server, and its publisher.

The publisher runs in another process. Peers run with the Python of .venv-bench (benchmarks/setup.sh), without the site.
"""
