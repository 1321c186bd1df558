"""Istio as it would decide: mutual TLS, authorization, and what is in the mesh."""
