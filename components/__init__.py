"""MAKE: registers resources in order; decides nothing.

The contract of a component:

- Signature `Kind(name, decision, *, <live inputs>, opts=None)`; at most four live inputs.
- `token` is a class constant, part of the URN of every child: never edited, only aliased (tests/golden/tokens.txt).
- Children get `self.under(...)`: parent and what is said there, never the caller's own options.
- `register_outputs` once, last.
- Never depend on a component: that is an edge to each of its descendants, and grows with the cube of the program.
  What others wait for is one resource, named as an attribute.
- No look-ups, no resources inside `apply`, no transforms.
"""
