"""Bundled machine profiles (`models.costs.profile`), a YAML file each."""
