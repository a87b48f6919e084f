-- Once, when the volume is new: what the exporter asks slow statements of.
CREATE EXTENSION pg_stat_statements;
