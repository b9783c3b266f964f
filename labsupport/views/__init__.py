"""What is drawn in a notebook, one picture or widget per file. Views get data and draw, nothing else.

A view asks no cloud and computes no result. What it returns shows itself as a PNG or a table, so that an
executed notebook reads the same without a kernel.
"""
