"""A college's site: people with UUIDs, who belong to colleges. `make college` starts it."""
