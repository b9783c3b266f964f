"""Run labsupport's command line: `python -m labsupport`, which is what `./lab` does."""

from labsupport.cli import main

raise SystemExit(main())
