"""Tells on standard error how far a step is."""

import sys


def counted(label, items, total):
    """The items, told as they come: in place on a terminal, else every tenth of them."""
    terminal, step = sys.stderr.isatty(), max(1, total // 10)
    for number, item in enumerate(items, 1):
        if terminal:
            print(f"\r{label} {number}/{total}", end="\n" if number == total else "", file=sys.stderr, flush=True)
        elif number % step == 0 or number == total:
            print(f"{label} {number}/{total}", file=sys.stderr, flush=True)
        yield item
