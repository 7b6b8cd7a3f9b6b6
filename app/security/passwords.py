"""Passwords are kept as scrypt hashes; checking costs the same whether the member exists or not."""

from functools import cache

from werkzeug.security import check_password_hash, generate_password_hash

MIN_LENGTH = 8
# scrypt reads all of it, so an endless one would be a cheap way to keep the server busy
MAX_LENGTH = 256


def hashed(password: str) -> str:
    """The hash to store, with a salt of its own."""
    return generate_password_hash(password, method="scrypt")


def matches(password_hash: str | None, password: str) -> bool:
    """True if the password is the hashed one. None, for nobody, takes as long and is never true."""
    if len(password) > MAX_LENGTH:
        return False
    is_same = check_password_hash(password_hash or _nobodys_hash(), password)
    return is_same and password_hash is not None


@cache
def _nobodys_hash() -> str:
    return hashed("nobody has this password")
