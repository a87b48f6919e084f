use std::time::Duration;

use http::header::HeaderName;

use super::*;
use crate::config::{Destination, DestinationKind, Secret};
use crate::export::fake::{Answer, Fake, remote};
use crate::export::setup as all;

/// The statements that a run with these answers sends, what it says, and whether it worked.
async fn run_with(
    answers: &[&str],
    dry_run: bool,
    change: impl FnOnce(&mut Settings),
) -> (Vec<String>, String, Result<()>) {
    let answers = answers
        .iter()
        .map(|it| Answer::with(200, "x", "y", it.as_bytes()));
    let mut fake = Fake::answering(answers.collect()).await;
    let mut settings = Settings::new(remote(&format!("http://{}", fake.address)).remote);
    let header = HeaderName::from_static("authorization");
    settings.remote.headers = vec![(header, Secret::new("hunter2"))];
    change(&mut settings);
    let wanted = all::Wanted {
        kind: "clickhouse".into(),
        destination: Some("ch".into()),
        dry_run,
    };
    let mut out = Vec::new();
    let destination = Destination::new("ch", DestinationKind::ClickHouse(settings));
    let done = all::run(&[destination], &wanted, &mut out).await;
    let mut statements = Vec::new();
    while let Ok(seen) = fake.seen.try_recv() {
        statements.push(String::from_utf8(seen.body.to_vec()).unwrap());
    }
    let out = String::from_utf8(out).unwrap();
    assert!(!format!("{out}{done:?}").contains("hunter2"));
    (statements, out, done)
}

fn orders(statements: &[String]) -> Vec<&str> {
    let all = statements.iter().map(String::as_str);
    all.filter(|it| !it.starts_with("SELECT")).collect()
}

#[tokio::test]
async fn what_is_missing_is_made() {
    let answers = ["0", "", "", "", "", "", "", "", "0", ""];
    let (statements, out, done) = run_with(&answers, false, |it| it.database = "rum".into()).await;
    done.unwrap();
    assert_eq!(out.matches(": made\n").count(), 5, "{out}");
    let begins = [
        "CREATE DATABASE IF NOT EXISTS rum",
        "CREATE TABLE IF NOT EXISTS rum.otel_logs (",
        "CREATE TABLE IF NOT EXISTS rum.otel_traces (",
        "CREATE TABLE IF NOT EXISTS rum.otel_traces_trace_id_ts (",
        "CREATE MATERIALIZED VIEW IF NOT EXISTS rum.otel_traces_trace_id_ts_mv TO",
    ];
    let orders = orders(&statements);
    assert_eq!(orders.len(), begins.len());
    for (order, begins) in orders.iter().zip(begins) {
        assert!(order.starts_with(begins), "{order}");
    }
    for order in &orders[1..4] {
        assert!(order.ends_with(" COMMENT 'made by farol-collector setup'"));
        assert!(!order.contains("TimestampTime"), "{order}");
    }
    assert!(orders[1].contains("TTL toDateTime(Timestamp) + toIntervalDay(30)"));
}

/// Tables that were made here: what the server says of the database, of each table, of a column of the first, and of the view.
const THERE: [&str; 6] = [
    "1",
    "MergeTree ORDER BY Timestamp TTL toDateTime(Timestamp) + toIntervalDay(30) SETTINGS index_granularity = 8192\tmade by farol-collector setup",
    "1",
    "MergeTree TTL toDateTime(Timestamp) + toIntervalDay(30)\tmade by farol-collector setup",
    "MergeTree TTL toDateTime(Start) + toIntervalDay(30)\tmade by farol-collector setup",
    "1",
];

fn week(it: &mut Settings) {
    it.retention = Some(Duration::from_secs(7 * 86_400));
}

#[tokio::test]
async fn what_is_as_it_should_be_is_left_alone() {
    let (statements, out, done) = run_with(&THERE, false, |_| {}).await;
    done.unwrap();
    assert_eq!(out.matches(": as it should be\n").count(), 5, "{out}");
    assert!(orders(&statements).is_empty());
}

#[tokio::test]
async fn an_older_table_gets_what_it_lacks_and_a_new_retention_holds() {
    let mut answers = THERE.to_vec();
    // No such column, and the order's own answer.
    answers.splice(2..3, ["0", ""]);
    let (statements, out, done) = run_with(&answers, false, |_| {}).await;
    done.unwrap();
    let want =
        "ALTER TABLE default.otel_logs ADD COLUMN IF NOT EXISTS EventName String CODEC(ZSTD(1))";
    assert_eq!(orders(&statements), [want]);
    assert!(out.contains("table default.otel_logs: changed"), "{out}");

    let mut answers = THERE.to_vec();
    for at in [3, 5, 7] {
        answers.insert(at, "");
    }
    let (statements, out, done) = run_with(&answers, false, week).await;
    done.unwrap();
    let want = [
        "ALTER TABLE default.otel_logs MODIFY TTL toDateTime(Timestamp) + toIntervalDay(7)",
        "ALTER TABLE default.otel_traces MODIFY TTL toDateTime(Timestamp) + toIntervalDay(7)",
        "ALTER TABLE default.otel_traces_trace_id_ts MODIFY TTL toDateTime(Start) + toIntervalDay(7)",
    ];
    assert_eq!(orders(&statements), want);
    let want = "table default.otel_logs: changed: its TTL from \"toDateTime(Timestamp) + toIntervalDay(30)\" to \"toDateTime(Timestamp) + toIntervalDay(7)\"";
    assert!(out.contains(want), "{out}");
}

#[tokio::test]
async fn how_long_others_keep_their_data_is_left_to_them() {
    // Of the exporter before 0.151, without a TTL; of one that moves rows; and one of ours that was changed by hand.
    let mut answers = THERE.to_vec();
    answers[1] = "MergeTree PARTITION BY toDate(TimestampTime) SETTINGS index_granularity = 8192";
    answers[3] = "MergeTree TTL toDateTime(Timestamp) + toIntervalDay(7) TO VOLUME \\'cold\\', toDateTime(Timestamp) + toIntervalDay(365)\tmade by farol-collector setup";
    answers[4] =
        "MergeTree TTL toDateTime(Start) + toIntervalDay(365)\tmade by farol-collector setup";
    let (statements, out, done) = run_with(&answers, false, |_| {}).await;
    done.unwrap();
    assert!(orders(&statements).is_empty(), "{statements:?}");
    assert!(
        out.contains("table default.otel_logs: left as it is: it has no TTL, not 30 days\n"),
        "{out}"
    );
    assert_eq!(out.matches(": left as it is: ").count(), 3, "{out}");

    // A retention that was said is no word on tables of others, whatever their form.
    answers[1] =
        "MergeTree TTL TimestampTime + toIntervalDay(365) SETTINGS index_granularity = 8192";
    answers[4] = "MergeTree TTL toDateTime(Start) + toIntervalHour(8760)";
    let (statements, out, done) = run_with(&answers, false, week).await;
    done.unwrap();
    assert!(orders(&statements).is_empty(), "{statements:?}");
    let want =
        "otel_logs: left as it is: its TTL is \"TimestampTime + toIntervalDay(365)\", not 7 days\n";
    assert!(out.contains(want), "{out}");
}

#[tokio::test]
async fn where_one_table_fails_the_others_are_made() {
    let no = "Code: 497. DB::Exception: Not enough privileges";
    let answers = ["1", "", no, "", "", "", "", "0", ""];
    let (statements, out, done) = run_with(&answers, false, |_| {}).await;
    let error = format!("{:#}", done.unwrap_err());
    assert!(
        error.contains("table default.otel_logs could not be"),
        "{error}"
    );
    assert!(
        out.contains("otel_logs: failed: http 200: Code: 497"),
        "{out}"
    );
    assert_eq!(out.matches(": made\n").count(), 3, "{out}");
    assert_eq!(orders(&statements).len(), 4);
}

#[tokio::test]
async fn a_dry_run_changes_nothing() {
    let (statements, out, done) = run_with(&["0", "", "", "", "0"], true, |_| {}).await;
    done.unwrap();
    assert_eq!(out.matches("would be made").count(), 5, "{out}");
    assert!(orders(&statements).is_empty());
}

#[tokio::test]
async fn a_refusal_is_said_in_the_servers_words() {
    let (_, _, done) = run_with(
        &["Code: 497. DB::Exception: Not enough privileges"],
        false,
        |_| {},
    )
    .await;
    let error = format!("{:#}", done.unwrap_err());
    assert!(
        error.contains("destination \"ch\"") && error.contains("Not enough privileges"),
        "{error}"
    );
}

#[tokio::test]
async fn what_is_no_clickhouse_is_not_believed() {
    for answer in ["", "<html>login</html>", "ok"] {
        let (statements, out, done) = run_with(&[answer; 12], false, |_| {}).await;
        let error = format!("{:#}", done.unwrap_err());
        assert!(
            error.contains("what answers is no ClickHouse") && error.contains("correct endpoint"),
            "{error}"
        );
        assert!(out.is_empty(), "{out}");
        assert!(orders(&statements).is_empty(), "{statements:?}");
    }
}
