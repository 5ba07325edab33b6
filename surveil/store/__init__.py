"""SQL tables, ingest, rollups and queries."""
