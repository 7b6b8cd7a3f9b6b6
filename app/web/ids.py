"""The numbers of rows, as addresses carry them: none that no database keeps."""

MOST = 2**31 - 1
ROW_ID = f"int(max={MOST})"  # for a route: f"/<{ROW_ID}:letter_id>"


def row_id(text: str) -> int:
    """For `request.args.get(name, type=row_id)`: ValueError, which makes it None, for what is no row's number."""
    number = int(text)
    if not 0 < number <= MOST:
        raise ValueError(text)
    return number
