"""The example shop's API on FastAPI, with a task worker: both continue the browser's trace."""
