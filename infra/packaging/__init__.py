"""Building what is deployed: function assets and layers, in plain Python. Nothing here needs Docker or the CDK."""
