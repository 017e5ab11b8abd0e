"""What is particular to one ASGI server: Daphne or Uvicorn. (Gunicorn has gunicorn.conf.py.)"""
