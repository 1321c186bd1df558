"""What the tests stand on: factories, fixtures and oracles. pytest collects `tests/test_*.py` alone."""
