"""The MLflow door: tracking, registry, logged models, artifacts and what MLflow's web UI asks for."""
