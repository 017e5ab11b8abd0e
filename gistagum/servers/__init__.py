"""What is particular to one server: Daphne, Uvicorn or Gunicorn."""
