"""How a page tells a time: short and near, with the exact one behind it; and how often something comes."""

import calendar
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


def often(line: str) -> str:
    """A cron line in words, "every day at 09:00 UTC"; the line itself where that would take too many."""
    minute, hour, *rest = line.split()
    day, month, weekday = rest
    if month != "*" or not (minute.isdecimal() or line == "* * * * *"):
        return line
    match (hour, day, weekday):
        case ("*", "*", "*"):
            return f"every hour at minute {int(minute)}" if minute != "*" else "every minute"
        case (_, "*", "*") if hour.isdecimal():
            return f"every day at {int(hour):02}:{int(minute):02} UTC"
        case (_, "*", _) if hour.isdecimal() and weekday in _WEEKDAYS:
            return f"every {_WEEKDAYS[weekday]} at {int(hour):02}:{int(minute):02} UTC"
        case (_, _, "*") if hour.isdecimal() and day.isdecimal():
            return f"on day {int(day)} of every month at {int(hour):02}:{int(minute):02} UTC"
    return line


_WEEKDAYS = dict(zip("0123456", calendar.day_name[6:] + calendar.day_name[:6], strict=True))
