"""Answers requests until stdin ends, one JSON object per line, so that only the work itself is timed."""

import json
import sys
import time


def serve(work):
    for line in sys.stdin:
        request = json.loads(line)
        started = time.perf_counter()
        work(request)
        answer = {"seconds": time.perf_counter() - started}
        print(json.dumps(answer), flush=True)
