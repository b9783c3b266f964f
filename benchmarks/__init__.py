"""The figures that the README quotes: `.venv/bin/python -m benchmarks [NAME ...]`.

Speed is shown as a ratio measured in one run against an alternative, because absolute times belong to the
machine. Nothing here is a test, and no test depends on a time.
"""
