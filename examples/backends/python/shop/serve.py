"""The API's process: a socket first, so that the line that it is ready can say where."""

import os
import socket

import uvicorn

host, port = os.environ.get("HOST", "127.0.0.1"), int(os.environ.get("PORT", "8090"))
with socket.create_server((host, port)) as listener:
    os.environ["SHOP_URL"] = "http://{}:{}".format(*listener.getsockname()[:2])
    from .api import app

    uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="on")).run([listener])
