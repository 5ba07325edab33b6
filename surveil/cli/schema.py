"""``surveil schema``: JSON Schemas, for editors and for programs that read what surveil says."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import click

from surveil.config.export import fleet_schema, rules_schema


@click.command("schema")
@click.option(
    "--kind",
    type=click.Choice(["fleet", "rules", "events", "webhook"]),
    default="fleet",
    show_default=True,
    help="Files of fleets or of rules; entries of the streams; bodies of webhooks.",
)
@click.option("--rules", is_flag=True, help="The same as --kind rules.")
@click.option("--metrics", is_flag=True, help="Not a schema: the page of all metrics.")
def command(kind: str, rules: bool, metrics: bool) -> None:
    """Print a JSON Schema: of files, for editors, or of messages.

    Name it in the first line of a file:

    # yaml-language-server: $schema=fleet.schema.json
    """
    if metrics:
        # Here: editors ask for schemas often, and none of the daemon is needed for those.
        from surveil.workers.host.metrics import metrics_page

        click.echo(metrics_page(), nl=False)
        return
    click.echo(json.dumps(_maker("rules" if rules else kind)(), indent=2))


def _maker(kind: str) -> Callable[[], dict[str, Any]]:
    if kind == "events":
        from surveil.events.schema import events_schema

        return events_schema
    if kind == "webhook":
        from surveil.workers.alerting.message_schema import webhook_schema

        return webhook_schema
    return rules_schema if kind == "rules" else fleet_schema
