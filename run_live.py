"""The program: `python run_live.py --help`."""

import sys

from tracker.cli import main

if __name__ == "__main__":
    sys.exit(main())
