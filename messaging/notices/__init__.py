"""Notices and events of a site's tenants, and who has registered for an event."""
