"""Django's database backends, with what the site needs besides. ``DATABASES`` names them as ``ENGINE``."""
