"""What the catalogue declares, computed from its files alone: edges and channels. Never from the derivation."""
