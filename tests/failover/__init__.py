"""Tests with what stands between the site and its data: failover, poolers, Sentinel."""
