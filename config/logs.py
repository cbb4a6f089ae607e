"""Logs: one line an event, its name first and its values as fields, on standard error.

Event names are stable and dotted (`snapshot.published`). ERROR is for what a person must do
something about; the default level is WARNING.
"""

from __future__ import annotations

import logging
import sys

import structlog

from config.env import WrongSetting

LEVELS = frozenset({"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"})


def configure_logs(level: str) -> None:
    """Show events of this level and above; machines read key=value, terminals get colours."""
    if level not in LEVELS:
        raise WrongSetting("LOG_LEVEL", f"one of {', '.join(sorted(LEVELS))}", level)
    render: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer()
        if sys.stderr.isatty()
        else structlog.processors.LogfmtRenderer(key_order=["event", "level"], bool_as_flag=False)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
