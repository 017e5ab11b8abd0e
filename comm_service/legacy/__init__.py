"""The old side of the API, on Django REST Framework."""
