"""Which texts are secrets, and which secrets a state holds in plain text."""
