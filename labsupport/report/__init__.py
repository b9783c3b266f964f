"""The HTML report of a course run: an index and one page a notebook, readable without a network.

Stages: `./lab run` executes a notebook and has a `NotebookResult` (`result.py`); `page.py` turns the executed
notebook into one page; `index.py` writes the table of all results after each of them, so that an interrupted
run has a report too.

Invariant: a page is one file. Styles and pictures are inside it, and its Content-Security-Policy forbids the
browser to load anything else, also when a cell's output asks for it. Known cost: about 300 KB of styles a
page, and no scripts, so that widgets appear as their text or picture, and formulas as their source.
"""
