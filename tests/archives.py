"""Files to import, good and bad, made on the spot."""

import io
import json
import zipfile

POSTS = [
    {"body": "Hello", "timestamp": "2021-05-01T10:00:00Z"},
    {"body": "Naïve café ☕", "timestamp": "2021-05-02T10:00:00.123456+00:00Z"},
    {"body": "From the east", "timestamp": "2021-05-03T10:00:00+14:00"},
]


def as_json(*posts, **options) -> bytes:
    return json.dumps({"posts": list(posts)}, **options).encode()


def as_zip(*members: tuple[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return packed.getvalue()


def many(count: int, first: int = 0) -> list[dict[str, str]]:
    """Posts a minute apart, a day's worth for every 1,440."""
    return [
        {
            "body": f"Post number {number}, naïve ☕",
            "timestamp": f"20{10 + day // 336}-{day // 28 % 12 + 1:02}-{day % 28 + 1:02}T{hour:02}:{minute:02}:00Z",
        }
        for number in range(first, first + count)
        for day, hour, minute in [(number // 1440, number // 60 % 24, number % 60)]
    ]
