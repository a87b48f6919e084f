//! The status as people read it: the same tables as HTML and as plain text. Names come from settings and codes from servers: none of them is markup, and none
//! is obeyed by a terminal.

use std::fmt::Write as _;

use super::{Destination, Status, Waiting};
use crate::export::safe;

/// How it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// For machines.
    Json,
    /// For browsers.
    Html,
    /// For terminals.
    Text,
}

impl Form {
    /// The one that is asked for first; text where none of them is.
    pub fn of(accept: Option<&str>) -> Self {
        let named = accept.unwrap_or_default().split(',').find_map(|kind| {
            match kind.split(';').next().unwrap_or_default().trim() {
                "application/json" => Some(Self::Json),
                "text/html" => Some(Self::Html),
                "text/plain" => Some(Self::Text),
                _ => None,
            }
        });
        named.unwrap_or(Self::Text)
    }

    /// Its content type.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Html => "text/html; charset=utf-8",
            Self::Text => "text/plain; charset=utf-8",
        }
    }
}

/// No script, no picture, nothing from elsewhere, in nobody's frame.
pub const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;margin:2em}table{border-collapse:collapse;margin-bottom:2em}\
caption{font-weight:bold;text-align:left}th,td{border:1px solid;padding:.2em .6em;text-align:left}";

/// One table of the page.
struct Table {
    title: &'static str,
    head: &'static [&'static str],
    rows: Vec<Vec<String>>,
}

impl Status {
    /// In one of the forms.
    pub fn told(&self, form: Form) -> String {
        match form {
            Form::Json => serde_json::to_string(self).unwrap_or_default(),
            Form::Html => self.html(),
            Form::Text => self.text(),
        }
    }

    fn headline(&self) -> String {
        let ready = match &self.reason {
            None => "ready".to_owned(),
            Some(why) => format!("takes nothing: {why}"),
        };
        format!("farol-collector {}: {ready}, {}", self.version, self.time)
    }

    fn tables(&self) -> Vec<Table> {
        let queue = &self.queue;
        let or_none = |n: Option<u64>| n.map_or_else(String::new, |n| n.to_string());
        let mut tables = vec![
            Table {
                title: "Destinations",
                head: &[
                    "name",
                    "type",
                    "circuit",
                    "failing since",
                    "last reason",
                    "pending",
                    "records behind",
                    "bytes behind",
                    "oldest, s",
                    "exported",
                    "filtered",
                    "dropped",
                    "dead letters, bytes",
                    "metrics sent / superseded / refused",
                ],
                rows: self.destinations.iter().map(row).collect(),
            },
            Table {
                title: "Queue",
                head: &[
                    "type",
                    "records",
                    "bytes",
                    "of",
                    "disk free, bytes",
                    "failures",
                ],
                rows: vec![vec![
                    queue.kind.to_owned(),
                    queue.records.to_string(),
                    queue.bytes.to_string(),
                    queue.max_bytes.to_string(),
                    or_none(queue.disk_free_bytes),
                    or_none(queue.failures),
                ]],
            },
            Table {
                title: "Metrics made out of items",
                head: &["series", "records behind", "bytes behind", "oldest, s"],
                rows: vec![
                    [
                        vec![self.metrics.series.to_string()],
                        behind(&self.metrics.lag),
                    ]
                    .concat(),
                ],
            },
            Table {
                title: "Settings",
                head: &["generation", "since", "changes refused"],
                rows: vec![vec![
                    self.config.generation.to_string(),
                    self.config.since.clone(),
                    self.config.refused.to_string(),
                ]],
            },
        ];
        if !self.sources.is_empty() {
            let rows = self.sources.iter().map(|it| {
                let state = if it.failing { "failing" } else { "ok" };
                let counts = [it.taken, it.duplicate, it.unreadable].map(|n| n.to_string());
                [vec![it.name.clone(), state.to_owned()], counts.to_vec()].concat()
            });
            tables.push(Table {
                title: "Sources",
                head: &["name", "state", "taken", "duplicate", "unreadable"],
                rows: rows.collect(),
            });
        }
        let keys = self.apps.iter().flat_map(|app| {
            let keys = app.keys.iter();
            keys.map(|(label, n)| vec![app.name.clone(), label.clone(), n.to_string()])
        });
        tables.push(Table {
            title: "Apps",
            head: &["name", "key", "requests admitted"],
            rows: keys.collect(),
        });
        tables
    }

    fn text(&self) -> String {
        let mut out = safe(&self.headline()) + "\n";
        for table in self.tables() {
            let _ = writeln!(out, "\n{}", table.title);
            let head = table.head.iter().map(|it| (*it).to_owned()).collect();
            let rows: Vec<Vec<String>> = std::iter::once(head).chain(table.rows).collect();
            let width = |n: usize| rows.iter().map(|row| safe(&row[n]).chars().count()).max();
            let widths: Vec<_> = (0..table.head.len())
                .map(|n| width(n).unwrap_or_default())
                .collect();
            for row in &rows {
                let mut line = String::new();
                for (cell, width) in row.iter().zip(&widths) {
                    let _ = write!(line, "  {:<width$}", safe(cell));
                }
                let _ = writeln!(out, "{}", line.trim_end());
            }
        }
        out
    }

    fn html(&self) -> String {
        let mut out = format!(
            "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Farol collector</title><style>{STYLE}</style><h1>Farol collector</h1><p>{}</p>",
            escaped(&self.headline())
        );
        for table in self.tables() {
            let _ = write!(
                out,
                "\n<table><caption>{}</caption><tr>",
                escaped(table.title)
            );
            for cell in table.head {
                let _ = write!(out, "<th scope=\"col\">{}</th>", escaped(cell));
            }
            out.push_str("</tr>");
            for row in &table.rows {
                out.push_str("\n<tr>");
                for cell in row {
                    let _ = write!(out, "<td>{}</td>", escaped(cell));
                }
                out.push_str("</tr>");
            }
            out.push_str("</table>");
        }
        out + "\n</html>\n"
    }
}

fn row(it: &Destination) -> Vec<String> {
    let dropped: Vec<String> = it
        .dropped
        .iter()
        .map(|(why, n)| format!("{n} {why}"))
        .collect();
    let or_none = |text: &Option<String>| text.clone().unwrap_or_default();
    let metrics = &it.metrics;
    let first = vec![
        it.name.clone(),
        it.kind.to_owned(),
        it.circuit.to_owned(),
        or_none(&it.failing_since),
        or_none(&it.last_reason),
        it.pending.to_string(),
    ];
    let rest = vec![
        it.exported.to_string(),
        it.filtered.to_string(),
        dropped.join(", "),
        it.dead_letter_bytes.to_string(),
        format!(
            "{} / {} / {}",
            metrics.delivered, metrics.superseded, metrics.refused
        ),
    ];
    [first, behind(&it.lag), rest].concat()
}

fn behind(lag: &Waiting) -> Vec<String> {
    vec![
        lag.records.to_string(),
        lag.bytes.to_string(),
        format!("{:.1}", lag.oldest_seconds),
    ]
}

/// A text in HTML, between tags.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in safe(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}
