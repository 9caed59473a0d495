#!/bin/sh
# Makes generate/bindings anew from wit/: stubs for type checkers. componentize-py 0.25.1 makes the real bindings during
# each build, from the same files.
set -e
cd "$(dirname "$0")"
rm -rf bindings
componentize-py --wit-path ../../../wit --world job-script bindings bindings
rm -rf bindings/componentize_py_async_support bindings/poll_loop.py
