"""Addresses, ports, and who reaches whom through NetworkPolicies."""
