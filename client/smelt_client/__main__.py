"""`python -m smelt_client` is the `smelt` command."""

import sys

from .cli import main

sys.exit(main())
