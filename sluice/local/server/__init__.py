"""What runs inside the embedded AWS: its interpreter has the standard library and ministack only."""
