"""What MLflow's experiments, runs, models and filters are, without a table or a socket in sight."""
