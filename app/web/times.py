"""How a page tells a time: short and near, with the exact one behind it."""

from datetime import datetime

from app import clock

_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def ago(moment: datetime, now: datetime | None = None) -> str:
    """ "now", "5 min", "3 h", "12 Mar", and from another year "12 Mar 2023"; all in UTC."""
    now = now or clock.now()
    seconds = (now - moment).total_seconds()
    if seconds < _MINUTE:
        return "now"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE:.0f} min"
    if seconds < _DAY:
        return f"{seconds // _HOUR:.0f} h"
    day = f"{moment.day} {moment:%b}"
    return day if moment.year == now.year else f"{day} {moment.year}"


def exact(moment: datetime) -> str:
    """ "Sunday 22 November 2026, 06:43 UTC"."""
    return f"{moment:%A} {moment.day} {moment:%B %Y, %H:%M} UTC"
