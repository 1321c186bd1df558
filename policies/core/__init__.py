"""What judging is made of: rules, findings, exceptions, limits, and the run that brings them together."""
