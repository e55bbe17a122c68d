"""uvicorn, its sockets and its connections."""
