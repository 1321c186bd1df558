"""What runs inside the sandbox: network namespaces, an API server, controllers, and whoever tries the connections.

Standard library and `operations.embedded` only, so that the process starts at once. It knows hosts and objects, and
nothing of what is expected of them.
"""
