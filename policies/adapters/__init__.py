"""How objects reach the rules: the engine, the whole stack, manifests, and the preflight of the program."""
