//! The tables, made as the OpenTelemetry Collector's exporter makes them: by day, with few-valued columns kept as such, gone after the retention.

use anyhow::{Result, bail, ensure};
use bytes::Bytes;

use crate::config::ClickHouse as Settings;
use crate::export::Outcome;
use crate::export::http::{Http, below};
use crate::export::pack::Packed;
use crate::export::setup::{Done, Say};

const MAX_ANSWER: usize = 1 << 20;

/// Inserts that a table remembers, so that one that is sent again is taken once: some minutes of batches.
const REMEMBERED: u32 = 1_000;

/// Makes what is missing, and changes how long data stays where that was said anew.
pub(in crate::export) async fn run(
    settings: &Settings,
    dry_run: bool,
    say: &mut Say<'_>,
) -> Result<()> {
    let server = Server {
        http: Http::new(&settings.remote, MAX_ANSWER)?,
        settings,
        dry_run,
    };
    let database = &settings.database;
    let found = format!("SELECT count() FROM system.databases WHERE name = '{database}'");
    let done = match server.ask(&found).await?.as_str() {
        "0" => {
            server
                .order(&format!("CREATE DATABASE IF NOT EXISTS {database}"))
                .await?;
            Done::Made
        }
        _ => Done::Unchanged,
    };
    say(&format!("database {database}"), done.word(dry_run))?;
    let logs = (&settings.logs_table, logs(settings));
    let traces = (&settings.traces_table, traces(settings));
    let times_name = format!("{}_trace_id_ts", settings.traces_table);
    let times = (&times_name, times(settings));
    for (name, make) in [logs, traces, times] {
        let done = server.table(name, &make).await?;
        say(&format!("table {database}.{name}"), done.word(dry_run))?;
    }
    let view = format!("{times_name}_mv");
    let done = match server.exists(&view).await? {
        true => Done::Unchanged,
        false => {
            server.order(&times_view(settings)).await?;
            Done::Made
        }
    };
    say(&format!("view {database}.{view}"), done.word(dry_run))?;
    Ok(())
}

struct Server<'a> {
    http: Http,
    settings: &'a Settings,
    dry_run: bool,
}

impl Server<'_> {
    async fn table(&self, name: &str, make: &str) -> Result<Done> {
        if !self.exists(name).await? {
            self.order(make).await?;
            return Ok(Done::Made);
        }
        let (database, mut done) = (&self.settings.database, Done::Unchanged);
        let of_it = format!("database = '{database}' AND table = '{name}'");
        // Older exporters made it without.
        if *name == self.settings.logs_table {
            let found =
                format!("SELECT count() FROM system.columns WHERE {of_it} AND name = 'EventName'");
            if self.ask(&found).await? == "0" {
                let add = "ADD COLUMN IF NOT EXISTS EventName String CODEC(ZSTD(1))";
                self.order(&format!("ALTER TABLE {database}.{name} {add}"))
                    .await?;
                done = Done::Changed;
            }
        }
        let engine = format!(
            "SELECT engine_full FROM system.tables WHERE database = '{database}' AND name = '{name}'"
        );
        let (wanted, there) = (
            ttl(self.settings, time_of(self.settings, name)),
            self.ask(&engine).await?,
        );
        if !there.contains(&wanted) {
            self.order(&format!("ALTER TABLE {database}.{name} MODIFY {wanted}"))
                .await?;
            done = Done::Changed;
        }
        Ok(done)
    }

    async fn exists(&self, name: &str) -> Result<bool> {
        let database = &self.settings.database;
        let found = format!(
            "SELECT count() FROM system.tables WHERE database = '{database}' AND name = '{name}'"
        );
        Ok(self.ask(&found).await? != "0")
    }

    /// Something that changes the server.
    async fn order(&self, statement: &str) -> Result<()> {
        match self.dry_run {
            true => Ok(()),
            false => self.ask(statement).await.map(drop),
        }
    }

    async fn ask(&self, statement: &str) -> Result<String> {
        let address = below(&self.settings.remote.endpoint, "")?;
        let body = Packed::plain(Bytes::copy_from_slice(statement.as_bytes()));
        let answer = match self.http.post(&address, &[], body).await {
            Ok(answer) => answer,
            Err(Outcome::Retry { reason, .. }) => bail!("{reason}"),
            Err(_) => bail!("no answer"),
        };
        let words = answer.words();
        ensure!(
            answer.status.is_success() && !words.starts_with("Code: "),
            "http {}: {words}",
            answer.status.as_u16()
        );
        Ok(words.trim().to_owned())
    }
}

fn ttl(settings: &Settings, time: &str) -> String {
    let days = settings.retention.as_secs() / 86_400;
    format!("TTL {time} + toIntervalDay({days})")
}

/// The time by which a row of a table grows old.
fn time_of(settings: &Settings, table: &str) -> &'static str {
    match table {
        table if *table == settings.logs_table => "TimestampTime",
        table if *table == settings.traces_table => "toDateTime(Timestamp)",
        _ => "toDateTime(Start)",
    }
}

/// Indices by which attributes are found without reading all of them.
fn indices(columns: &[(&str, &str)]) -> String {
    let of = |(name, column): &(&str, &str)| {
        format!(
            "INDEX idx_{name}_attr_key mapKeys({column}) TYPE bloom_filter(0.01) GRANULARITY 1, \
             INDEX idx_{name}_attr_value mapValues({column}) TYPE bloom_filter(0.01) GRANULARITY 1"
        )
    };
    columns.iter().map(of).collect::<Vec<_>>().join(", ")
}

const FEW: &str = "LowCardinality(String) CODEC(ZSTD(1))";
const TEXT: &str = "String CODEC(ZSTD(1))";
const MAP: &str = "Map(LowCardinality(String), String) CODEC(ZSTD(1))";

fn storage() -> String {
    format!(
        "SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1, non_replicated_deduplication_window = {REMEMBERED}"
    )
}

fn logs(settings: &Settings) -> String {
    let indices = indices(&[
        ("res", "ResourceAttributes"),
        ("scope", "ScopeAttributes"),
        ("log", "LogAttributes"),
    ]);
    format!(
        "CREATE TABLE IF NOT EXISTS {}.{} (Timestamp DateTime64(9) CODEC(Delta(8), ZSTD(1)), TimestampTime DateTime DEFAULT toDateTime(Timestamp), \
         TraceId {TEXT}, SpanId {TEXT}, TraceFlags UInt8, SeverityText {FEW}, SeverityNumber UInt8, ServiceName {FEW}, Body {TEXT}, \
         ResourceSchemaUrl {FEW}, ResourceAttributes {MAP}, ScopeSchemaUrl {FEW}, ScopeName {TEXT}, ScopeVersion {FEW}, ScopeAttributes {MAP}, \
         LogAttributes {MAP}, EventName {TEXT}, INDEX idx_trace_id TraceId TYPE bloom_filter(0.001) GRANULARITY 1, {indices}, \
         INDEX idx_body Body TYPE tokenbf_v1(32768, 3, 0) GRANULARITY 8) ENGINE = MergeTree PARTITION BY toDate(TimestampTime) \
         PRIMARY KEY (ServiceName, TimestampTime) ORDER BY (ServiceName, TimestampTime, Timestamp) {} {}",
        settings.database,
        settings.logs_table,
        ttl(settings, "TimestampTime"),
        storage()
    )
}

fn traces(settings: &Settings) -> String {
    let indices = indices(&[("res", "ResourceAttributes"), ("span", "SpanAttributes")]);
    let map = "Map(LowCardinality(String), String)";
    format!(
        "CREATE TABLE IF NOT EXISTS {}.{} (Timestamp DateTime64(9) CODEC(Delta(8), ZSTD(1)), TraceId {TEXT}, SpanId {TEXT}, ParentSpanId {TEXT}, \
         TraceState {TEXT}, SpanName {FEW}, SpanKind {FEW}, ServiceName {FEW}, ResourceAttributes {MAP}, ScopeName {TEXT}, ScopeVersion {TEXT}, \
         SpanAttributes {MAP}, Duration UInt64 CODEC(ZSTD(1)), StatusCode {FEW}, StatusMessage {TEXT}, \
         Events Nested (Timestamp DateTime64(9), Name LowCardinality(String), Attributes {map}) CODEC(ZSTD(1)), \
         Links Nested (TraceId String, SpanId String, TraceState String, Attributes {map}) CODEC(ZSTD(1)), \
         INDEX idx_trace_id TraceId TYPE bloom_filter(0.001) GRANULARITY 1, {indices}, INDEX idx_duration Duration TYPE minmax GRANULARITY 1) \
         ENGINE = MergeTree PARTITION BY toDate(Timestamp) ORDER BY (ServiceName, SpanName, toDateTime(Timestamp)) {} {}",
        settings.database,
        settings.traces_table,
        ttl(settings, "toDateTime(Timestamp)"),
        storage()
    )
}

/// When each trace was: tools find a trace by its id without reading every day.
fn times(settings: &Settings) -> String {
    format!(
        "CREATE TABLE IF NOT EXISTS {}.{}_trace_id_ts (TraceId {TEXT}, Start DateTime CODEC(Delta, ZSTD(1)), End DateTime CODEC(Delta, ZSTD(1)), \
         INDEX idx_trace_id TraceId TYPE bloom_filter(0.01) GRANULARITY 1) ENGINE = MergeTree PARTITION BY toDate(Start) \
         ORDER BY (TraceId, Start) {} SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1",
        settings.database,
        settings.traces_table,
        ttl(settings, "toDateTime(Start)")
    )
}

fn times_view(settings: &Settings) -> String {
    let (database, traces) = (&settings.database, &settings.traces_table);
    format!(
        "CREATE MATERIALIZED VIEW IF NOT EXISTS {database}.{traces}_trace_id_ts_mv TO {database}.{traces}_trace_id_ts AS \
         SELECT TraceId, min(Timestamp) AS Start, max(Timestamp) AS End FROM {database}.{traces} WHERE TraceId != '' GROUP BY TraceId"
    )
}

#[cfg(test)]
mod tests;
