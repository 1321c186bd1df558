"""DECIDE: text in, decisions out."""
