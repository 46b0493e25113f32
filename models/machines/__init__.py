"""Bundled machine profiles (`models.profile`), a YAML file each."""
