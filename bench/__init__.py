"""Measurements: `python -m bench` compares ratios with their limits; the other modules print what one thing costs."""
