"""``forksim schema``: the JSON Schema of an experiment."""

from __future__ import annotations

import json

import click

from experiments.language.catalogue import catalogue
from experiments.language.schema import experiment_model


def main() -> int:
    """Print the schema."""
    schema = experiment_model(catalogue()).model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    click.echo(json.dumps(schema, indent=2))
    return 0
