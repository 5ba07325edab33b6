"""``surveil schema``: JSON Schema for editors."""

from __future__ import annotations

import json

import click

from surveil.config.export import fleet_schema, rules_schema


@click.command("schema")
@click.option("--rules", is_flag=True, help="The schema of rule files, not of fleet files.")
@click.option("--metrics", is_flag=True, help="Not a schema: the page of all metrics.")
def command(rules: bool, metrics: bool) -> None:
    """Print the JSON Schema of fleet files, for editors that complete and check YAML.

    Name it in the first line of a file:

    # yaml-language-server: $schema=fleet.schema.json
    """
    if metrics:
        # Here: editors ask for schemas often, and none of the daemon is needed for those.
        from surveil.workers.host.metrics import metrics_page

        click.echo(metrics_page(), nl=False)
        return
    click.echo(json.dumps(rules_schema() if rules else fleet_schema(), indent=2))
