from app.security import passwords


def test_password_matches_its_own_salted_hash_only():
    first, second = passwords.hashed("correct horse"), passwords.hashed("correct horse")

    assert first != second and first.startswith("scrypt:")
    assert passwords.matches(first, "correct horse")
    assert not passwords.matches(first, "correct mule")


def test_nobody_and_endless_passwords_never_match():
    assert not passwords.matches(None, "nobody has this password")
    assert not passwords.matches(passwords.hashed("x"), "x" * (passwords.MAX_LENGTH + 1))
