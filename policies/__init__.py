"""JUDGE: what must never be. Rules over plain objects; the same ones wherever an object passes by.

A rule is a pure function of one subject (a container, a pod, an object, the whole stack) and of what was asked for
(catalogue, settings, limits). It never knows how the platform derives its objects, so that it cannot share its
mistakes. Four adapters bring the objects: `manifests` (YAML), `preflight` (the program, before it registers anything),
and the two of `crossguard` (the engine's resources one by one, and the whole stack).

Only `crossguard`, `thawing` and `__main__` import pulumi.
"""
