"""Registrations of aircraft, as painted on their tails."""

import re

_AMERICAN = re.compile(r"N[0-9][0-9A-Z]{0,4}", re.ASCII)


def clean(text: str) -> str | None:
    """Upper case, without spaces around it; None if nothing is left. Only letters of ASCII have an upper case here."""
    text = text.strip()
    if not text:
        return None
    return text.upper() if text.isascii() else text.encode().upper().decode()


def is_american(tail_number: str) -> bool:
    """Whether the United States would issue it: N and one to five digits or letters, beginning with a digit."""
    return _AMERICAN.fullmatch(tail_number) is not None
