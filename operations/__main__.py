"""`python -m operations`: the same commands as ./plat, in whatever environment Python runs."""

from operations.cli import main

main()
