"""What is particular to one server: Daphne, Uvicorn or Gunicorn (which gunicorn.conf.py configures)."""
