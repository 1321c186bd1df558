"""RUN: the `plat` command line and what it drives.

Not imported by the program: blueprint, manifests and components know nothing of this package.
"""
