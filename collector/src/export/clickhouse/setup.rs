//! The tables, made as the OpenTelemetry Collector's exporter makes them (from 0.151 on): by day, with few-valued columns kept as such, gone
//! after the retention. How long others' tables keep what is in them is theirs to say.

use anyhow::{Result, anyhow, bail, ensure};
use bytes::Bytes;

use crate::config::{ClickHouse as Settings, RETENTION};
use crate::export::Outcome;
use crate::export::http::{Http, below};
use crate::export::pack::Packed;
use crate::export::setup::{Done, Say};

const MAX_ANSWER: usize = 1 << 20;

/// Inserts that a table remembers, so that one that is sent again is taken once: some minutes of batches.
const REMEMBERED: u32 = 1_000;

/// The comment of a table that was made here: of such a table alone the retention is changed.
const OURS: &str = "made by farol-collector setup";

/// Enough of an answer to know whose it is.
const SHOWN: usize = 80;

/// How what is said begins of a table that keeps its data otherwise than these settings say, and may.
pub(in crate::export) const LEFT: &str = "left as it is";

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
    let done = match server.count(&found).await? {
        0 => {
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
    let mut failed = None;
    let mut tell = |what: String, done: Result<String>| match done {
        Ok(word) => say(&what, &word),
        Err(error) => {
            say(&what, &format!("failed: {error:#}"))?;
            failed = Some(what);
            Ok(())
        }
    };
    for (name, make) in [logs, traces, times] {
        let done = server.table(name, &make).await;
        tell(format!("table {database}.{name}"), done)?;
    }
    let view = format!("{times_name}_mv");
    let done = server.view(&view).await;
    tell(format!("view {database}.{view}"), done)?;
    match failed {
        Some(what) => bail!("{what} could not be set up"),
        None => Ok(()),
    }
}

struct Server<'a> {
    http: Http,
    settings: &'a Settings,
    dry_run: bool,
}

impl Server<'_> {
    /// Makes a table, or looks at the one that is there. Says what it did.
    async fn table(&self, name: &str, make: &str) -> Result<String> {
        let database = &self.settings.database;
        let found = format!(
            "SELECT engine_full, comment FROM system.tables WHERE database = '{database}' AND name = '{name}'"
        );
        let there = self.ask(&found).await?;
        if there.is_empty() {
            self.order(make).await?;
            return Ok(Done::Made.word(self.dry_run).to_owned());
        }
        let (engine, comment) = there.split_once('\t').unwrap_or((&there, ""));
        let lacks_column = *name == self.settings.logs_table && self.lacks_event_name().await?;
        if lacks_column {
            let add = "ADD COLUMN IF NOT EXISTS EventName String CODEC(ZSTD(1))";
            self.order(&format!("ALTER TABLE {database}.{name} {add}"))
                .await?;
        }
        let changed = Done::Changed.word(self.dry_run);
        let (ttl, wanted) = (ttl_of(engine), days(self.settings));
        let said = match ttl.map(|it| (it, by_days(it))) {
            Some((_, Some((_, days)))) if days == wanted => match lacks_column {
                true => changed.to_owned(),
                false => Done::Unchanged.word(self.dry_run).to_owned(),
            },
            Some((there, Some((time, _))))
                if comment == OURS && self.settings.retention.is_some() =>
            {
                let ttl = format!("{time} + toIntervalDay({wanted})");
                self.order(&format!("ALTER TABLE {database}.{name} MODIFY TTL {ttl}"))
                    .await?;
                format!("{changed}: its TTL from \"{there}\" to \"{ttl}\"")
            }
            ttl => {
                let keeps = match ttl {
                    Some((ttl, _)) => format!("its TTL is \"{ttl}\", not {wanted} days"),
                    None => format!("it has no TTL, not {wanted} days"),
                };
                match lacks_column {
                    true => format!("{changed}, but for how long it keeps data: {keeps}"),
                    false => format!("{LEFT}: {keeps}"),
                }
            }
        };
        Ok(said)
    }

    /// Older exporters made the table of logs without it.
    async fn lacks_event_name(&self) -> Result<bool> {
        let (database, table) = (&self.settings.database, &self.settings.logs_table);
        let found = format!(
            "SELECT count() FROM system.columns WHERE database = '{database}' AND table = '{table}' AND name = 'EventName'"
        );
        Ok(self.count(&found).await? == 0)
    }

    async fn view(&self, name: &str) -> Result<String> {
        let done = match self.exists(name).await? {
            true => Done::Unchanged,
            false => {
                self.order(&times_view(self.settings)).await?;
                Done::Made
            }
        };
        Ok(done.word(self.dry_run).to_owned())
    }

    async fn exists(&self, name: &str) -> Result<bool> {
        let database = &self.settings.database;
        let found = format!(
            "SELECT count() FROM system.tables WHERE database = '{database}' AND name = '{name}'"
        );
        Ok(self.count(&found).await? != 0)
    }

    /// Something that changes the server.
    async fn order(&self, statement: &str) -> Result<()> {
        match self.dry_run {
            true => Ok(()),
            false => self.ask(statement).await.map(drop),
        }
    }

    /// A number. What answers everything alike, a login page or a catch-all, says none, and made nothing.
    async fn count(&self, statement: &str) -> Result<u64> {
        let said = self.ask(statement).await?;
        let shown: String = said.chars().take(SHOWN).collect();
        said.parse().map_err(|_| {
            anyhow!(
                "what answers is no ClickHouse: {shown:?} where a number was to be; correct endpoint (its HTTP port, 8123 by itself)"
            )
        })
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

fn days(settings: &Settings) -> u64 {
    settings.retention.unwrap_or(RETENTION).as_secs() / 86_400
}

fn ttl(settings: &Settings, time: &str) -> String {
    format!("TTL {time} + toIntervalDay({})", days(settings))
}

/// The TTL of a table, by how the server shows its engine.
fn ttl_of(engine: &str) -> Option<&str> {
    let (_, ttl) = engine.split_once(" TTL ")?;
    Some(ttl.split(" SETTINGS ").next().unwrap_or(ttl).trim_end())
}

/// The time and the days of a TTL that throws rows away so many days after it, and does nothing else.
fn by_days(ttl: &str) -> Option<(&str, u64)> {
    let (time, days) = ttl.split_once(" + toIntervalDay(")?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '(' | ')');
    let days = days.strip_suffix(')')?.parse().ok()?;
    time.chars().all(plain).then_some((time, days))
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
        "SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1, non_replicated_deduplication_window = {REMEMBERED} COMMENT '{OURS}'"
    )
}

fn logs(settings: &Settings) -> String {
    let indices = indices(&[
        ("res", "ResourceAttributes"),
        ("scope", "ScopeAttributes"),
        ("log", "LogAttributes"),
    ]);
    format!(
        "CREATE TABLE IF NOT EXISTS {}.{} (Timestamp DateTime64(9) CODEC(Delta(8), ZSTD(1)), TraceId {TEXT}, SpanId {TEXT}, TraceFlags UInt8, SeverityText {FEW}, SeverityNumber UInt8, ServiceName {FEW}, Body {TEXT}, \
         ResourceSchemaUrl {FEW}, ResourceAttributes {MAP}, ScopeSchemaUrl {FEW}, ScopeName {TEXT}, ScopeVersion {FEW}, ScopeAttributes {MAP}, \
         LogAttributes {MAP}, EventName {TEXT}, INDEX idx_trace_id TraceId TYPE bloom_filter(0.001) GRANULARITY 1, {indices}, \
         INDEX idx_lower_body lower(Body) TYPE tokenbf_v1(32768, 3, 0) GRANULARITY 8) ENGINE = MergeTree PARTITION BY toDate(Timestamp) \
         ORDER BY (toStartOfFiveMinutes(Timestamp), ServiceName, Timestamp) {} {}",
        settings.database,
        settings.logs_table,
        ttl(settings, "toDateTime(Timestamp)"),
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
         ORDER BY (TraceId, Start) {} SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1 COMMENT '{OURS}'",
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
