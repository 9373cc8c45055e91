"""Start the server of this bundle: `python serve.py [serve|lambda]`."""

import os
import sys
from pathlib import Path

# Nothing may be written into the bundle: files that were not signed are refused at the next start.
sys.dont_write_bytecode = True

from edge.start import main  # noqa: E402 - not before

if __name__ == "__main__":
    main(Path(__file__).resolve().parent, os.environ, sys.argv[1:])
