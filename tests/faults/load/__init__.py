"""Load tests: a sustained load, and connection churn. They check the servers' resources during and afterwards."""
