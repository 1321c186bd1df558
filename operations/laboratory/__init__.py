"""The laboratory of `plat prove`: what the platform promises, observed on packets and requests.

Real controllers and proxies run as processes, every pod is a network namespace, and whoever is asked answers. Each
part runs in a sandbox of its own (`sandbox`) over a copy of what the stack's API server holds: the stack is only read.
"""
