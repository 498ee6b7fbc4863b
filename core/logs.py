"""Structured logs: one line per event with a fixed name and ids; no bodies, tokens or addresses of people."""

import logging.config
import re
from collections.abc import MutableMapping
from typing import Any

import structlog

# Addresses that are secrets themselves: Django logs the path of every request that it refuses.
_SECRET_PATHS = re.compile(r"(/(?:invite|confirm|password/reset)/)[^\s'\"?#]+")


def configure(*, json: bool) -> None:
    """Set up logging for this process: JSON lines for machines, or readable ones in development."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer = structlog.processors.JSONRenderer() if json else structlog.dev.ConsoleRenderer(colors=False)
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "structured": {
                    "()": structlog.stdlib.ProcessorFormatter,
                    "processors": [
                        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                        structlog.processors.format_exc_info,
                        hide_secrets,
                        renderer,
                    ],
                    "foreign_pre_chain": shared,
                }
            },
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "structured"}},
            "root": {"handlers": ["stderr"], "level": "INFO"},
            # httpx logs every address it opens, Celery twice every job.
            "loggers": {
                "httpx": {"level": "WARNING"},
                "celery": {"level": "WARNING"},
                "django.security.DisallowedHost": {"level": "ERROR"},
            },
        }
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def hide_secrets(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Take the secrets out of a line: tokens in addresses, and the request, which repeats its address."""
    event.pop("request", None)
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = _SECRET_PATHS.sub(r"\1…", value)
    return event
