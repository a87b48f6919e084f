//! Much of something: bombs, connections, streams, names. FAROL_FULL asks for the counts that each attack has by itself.

use farol_load::attack::ALL;

use crate::program::Program;

/// How much of an attack: little, or all of it.
fn count(name: &str, little: usize) -> usize {
    let whole = ALL.iter().find(|attack| attack.name == name).unwrap();
    match std::env::var_os("FAROL_FULL") {
        Some(_) => whole.count,
        None => little,
    }
}

#[tokio::test]
async fn bombs_of_every_encoding_are_refused_at_the_cap() {
    let program = Program::start("");
    for name in ["bombs-gzip", "bombs-deflate", "bombs-br", "bombs-zstd"] {
        let n = count(name, 8);
        let outcome = program.attacked(name, n).await;
        assert_eq!(outcome.of("413"), n, "{outcome:?}");
    }
}

#[tokio::test]
async fn a_slow_loris_is_ended_by_the_time_for_heads() {
    let program = Program::start("");
    let n = count("slow-loris", 300);
    let outcome = program.attacked("slow-loris", n).await;
    assert_eq!(outcome.of("closed"), n, "{outcome:?}");
}

#[tokio::test]
async fn bodies_that_stop_half_way_are_ended_by_the_least_rate() {
    let program = Program::start("");
    let n = count("half-open-bodies", 300);
    let outcome = program.attacked("half-open-bodies", n).await;
    // What there is no room for is told so, or closed where many are told.
    let refused = outcome.of("503") + outcome.of("closed");
    assert_eq!(outcome.of("408") + refused, n, "{outcome:?}");
    assert!(outcome.of("408") > 0, "{outcome:?}");
}

#[tokio::test]
async fn streams_that_are_reset_as_they_open_end_their_connection() {
    let program = Program::start("");
    let outcome = program
        .attacked("rapid-reset", count("rapid-reset", 10_000))
        .await;
    assert!(outcome.of("closed") > 0, "{outcome:?}");
}

#[tokio::test]
async fn heads_of_http_2_without_an_end_close_the_connection() {
    let program = Program::start("");
    let n = count("continuation-flood", 10);
    let outcome = program.attacked("continuation-flood", n).await;
    assert_eq!(outcome.of("closed"), n, "{outcome:?}");
}

#[tokio::test]
async fn heads_of_a_megabyte_are_refused() {
    let program = Program::start("");
    let n = count("large-heads", 20);
    let outcome = program.attacked("large-heads", n).await;
    assert_eq!(outcome.of("431") + outcome.of("closed"), n, "{outcome:?}");
}

#[tokio::test]
async fn keys_and_origins_that_are_nobodys_leave_nothing_behind() {
    let program = Program::start("");
    let n = count("distinct-keys", 2_000);
    let keys = program.attacked("distinct-keys", n).await;
    assert_eq!(keys.of("403"), n, "{keys:?}");
    let n = count("distinct-origins", 2_000);
    let origins = program.attacked("distinct-origins", n).await;
    assert_eq!(origins.of("403"), n, "{origins:?}");
    let metrics = program.metrics().await;
    let last = format!("o{}.example", n - 1);
    assert!(!metrics.contains("no-such-key") && !metrics.contains(&last));
}

#[tokio::test]
async fn names_of_apps_and_series_are_no_longer_told_apart_beyond_a_bound() {
    let program = Program::start("");
    let n = count("distinct-apps", 2_000);
    let apps = program.attacked("distinct-apps", n).await;
    assert_eq!(apps.of("202"), n, "{apps:?}");
    let all = count("distinct-series", 10_000);
    let series = program.attacked("distinct-series", all).await;
    assert_eq!(series.of("202"), all / 100, "{series:?}");
    let metrics = program.metrics().await;
    let last = format!("app-{}", n - 1);
    assert!(
        !metrics.contains(&last) && metrics.len() < 256 << 10,
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
    for (name, little) in [("repeated-meta", 8), ("dense-attributes", 2)] {
        let program = Program::start(&more);
        let n = count(name, little);
        let outcome = program.attacked(name, n).await;
        assert_eq!(outcome.of("202"), n, "{outcome:?}");
        program.delivered("files", 2_000 * n as u64).await;
    }
}
