//! Much of something: bombs, connections, streams, names.

use crate::program::Program;

#[tokio::test]
async fn bombs_of_every_encoding_are_refused_at_the_cap() {
    let program = Program::start("");
    for name in ["bombs-gzip", "bombs-deflate", "bombs-br", "bombs-zstd"] {
        let outcome = program.attacked(name, 8).await;
        assert_eq!(outcome.of("413"), 8, "{outcome:?}");
    }
}

#[tokio::test]
async fn a_slow_loris_is_ended_by_the_time_for_heads() {
    let program = Program::start("");
    let outcome = program.attacked("slow-loris", 300).await;
    assert_eq!(outcome.of("closed"), 300, "{outcome:?}");
}

#[tokio::test]
async fn bodies_that_stop_half_way_are_ended_by_the_least_rate() {
    let program = Program::start("");
    let outcome = program.attacked("half-open-bodies", 300).await;
    assert_eq!(outcome.of("408") + outcome.of("closed"), 300, "{outcome:?}");
    assert!(outcome.of("408") > 0, "{outcome:?}");
}

#[tokio::test]
async fn streams_that_are_reset_as_they_open_end_their_connection() {
    let program = Program::start("");
    let outcome = program.attacked("rapid-reset", 10_000).await;
    assert!(outcome.of("closed") > 0, "{outcome:?}");
}

#[tokio::test]
async fn heads_of_http_2_without_an_end_close_the_connection() {
    let program = Program::start("");
    let outcome = program.attacked("continuation-flood", 10).await;
    assert_eq!(outcome.of("closed"), 10, "{outcome:?}");
}

#[tokio::test]
async fn heads_of_a_megabyte_are_refused() {
    let program = Program::start("");
    let outcome = program.attacked("large-heads", 20).await;
    assert_eq!(outcome.of("431") + outcome.of("closed"), 20, "{outcome:?}");
}

#[tokio::test]
async fn keys_and_origins_that_are_nobodys_leave_nothing_behind() {
    let program = Program::start("");
    let keys = program.attacked("distinct-keys", 2_000).await;
    assert_eq!(keys.of("403"), 2_000, "{keys:?}");
    let origins = program.attacked("distinct-origins", 2_000).await;
    assert_eq!(origins.of("403"), 2_000, "{origins:?}");
    let metrics = program.metrics().await;
    assert!(!metrics.contains("no-such-key") && !metrics.contains("o1999.example"));
}

#[tokio::test]
async fn names_of_apps_and_series_are_no_longer_told_apart_beyond_a_bound() {
    let program = Program::start("");
    let apps = program.attacked("distinct-apps", 2_000).await;
    assert_eq!(apps.of("202"), 2_000, "{apps:?}");
    let series = program.attacked("distinct-series", 10_000).await;
    assert_eq!(series.of("202"), 100, "{series:?}");
    let metrics = program.metrics().await;
    assert!(
        !metrics.contains("app-1999") && metrics.len() < 256 << 10,
        "{}",
        metrics.len()
    );
}

#[tokio::test]
async fn what_swells_on_its_way_out_goes_in_parts() {
    // One that takes connections and never answers, so that all of its lanes are full.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let more = format!(
        "[[destinations]]\nname = \"silent\"\ntype = \"otlp_http\"\nendpoint = \"http://{}\"\n[[destinations]]\nname = \"files\"\ntype = \"otlp_file\"",
        silent.local_addr().unwrap()
    );
    for (name, count) in [("repeated-meta", 8), ("dense-attributes", 2)] {
        let program = Program::start(&more);
        let outcome = program.attacked(name, count).await;
        assert_eq!(outcome.of("202"), count, "{outcome:?}");
        program.delivered("files", 2_000 * count as u64).await;
    }
}
