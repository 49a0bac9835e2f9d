"""`python -m mentorships.cli`."""

import sys

from mentorships.cli import main

sys.exit(main(sys.argv[1:]))
