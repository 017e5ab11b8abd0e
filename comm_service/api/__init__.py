"""The new side of the communication API: Django Ninja and Pydantic, with the answers of the old side byte for byte."""
