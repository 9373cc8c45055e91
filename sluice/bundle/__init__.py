"""Serving bundles: a model with all it takes to answer elsewhere, listed by digest and signed."""
