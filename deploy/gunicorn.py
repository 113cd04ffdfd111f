"""How gunicorn serves Juyi; everything a machine differs in comes from the environment.

Without Redis there is one worker process with many threads, and background work runs inside it.
With JUYI_REDIS_URL there may be several (WEB_CONCURRENCY); then `flask worker` runs beside them.
"""

import os
import signal
from typing import Any

bind = f"{os.environ.get('HOST') or '127.0.0.1'}:{os.environ.get('PORT') or '8000'}"
is_embedded = not os.environ.get("JUYI_REDIS_URL")
workers = 1 if is_embedded else int(os.environ.get("WEB_CONCURRENCY") or "2")
worker_class = "gthread"
threads = int(os.environ.get("JUYI_THREADS") or "24")
timeout = 60
graceful_timeout = 30
keepalive = 15
# The application logs every request itself, masked and without the query.
accesslog = None
loglevel = "warning"
# Only the proxy on this machine may say who is calling.
forwarded_allow_ips = "127.0.0.1"


def post_worker_init(worker: Any) -> None:
    """Start the background work inside the one process."""
    # Ctrl-C reaches master and worker alike, and the master passes it on as SIGQUIT; two of them
    # at once can lock the worker's thread pool against itself until it is killed.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if is_embedded:
        # Only now: a fork must not inherit connections, so the master never loads the program.
        from app.core.jobs import start_in_background  # noqa: PLC0415

        start_in_background(worker.wsgi)
