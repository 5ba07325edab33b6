#!/bin/sh
# Run once by the image of PostgreSQL: a role that may read, for Grafana.
set -eu
psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
  -v password="$(cat "${READER_PASSWORD_FILE:-/run/secrets/reader_password}")" <<'END'
CREATE ROLE surveil_reader LOGIN PASSWORD :'password' NOINHERIT CONNECTION LIMIT 20;
ALTER ROLE surveil_reader SET default_transaction_read_only = on;
ALTER ROLE surveil_reader SET statement_timeout = '30s';
GRANT USAGE ON SCHEMA public TO surveil_reader;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO surveil_reader;
END
