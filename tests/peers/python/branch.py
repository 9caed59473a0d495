"""The row-wise transform of the language benchmark."""


def branch(amount):
    if amount is None:
        return "unknown"
    if amount < 0:
        return "refund"
    if amount < 10:
        return "small"
    if amount < 100:
        return "medium"
    return "large"
