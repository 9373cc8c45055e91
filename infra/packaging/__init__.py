"""Building what is deployed, function assets and layers, in plain Python: no Docker, no CDK."""
