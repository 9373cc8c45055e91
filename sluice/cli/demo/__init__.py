"""Everything once, on real data."""
