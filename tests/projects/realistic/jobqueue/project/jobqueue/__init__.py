"""Jobs that run one after another, with retries."""

from jobqueue.queue import Queue
from jobqueue.retry import Retry

__all__ = ["Queue", "Retry"]
