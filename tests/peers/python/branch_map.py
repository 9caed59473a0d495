"""Times the row-wise transform of the language benchmark with CPython's own map, over as many rows as the argument says."""

import json
import sys
import time

from branch import branch


def main():
    rows = int(sys.argv[1])
    amounts = [None if row % 17 == 3 else (row % 1000) * 0.37 - 20.0 for row in range(rows)]
    best = float("inf")
    for _ in range(15):
        started = time.perf_counter()
        list(map(branch, amounts))
        best = min(best, time.perf_counter() - started)
    print(json.dumps({"seconds": best}))


main()
