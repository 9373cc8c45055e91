"""A bundle's server: the cloud's scoring code behind HTTP or Lambda's runtime, without AWS around it."""
