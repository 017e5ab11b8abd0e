"""What the move of transports keeps in the database, and which server processes are alive."""
