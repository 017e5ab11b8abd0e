"""Django's backend for PostgreSQL, with the site's own pool."""
