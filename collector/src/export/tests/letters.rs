//! What is refused for good: what the log says of it, and where it is sent again.

use super::*;
use crate::export::batch::Source;

#[tokio::test(start_paused = true)]
async fn however_many_items_are_refused_the_log_has_a_line_of_it() {
    let bench = Bench::new();
    let said = bench.folder.path().join("said");
    let writer = Arc::new(std::fs::File::create(&said).unwrap());
    let subscriber = tracing_subscriber::fmt().with_writer(writer).finish();
    let guard = tracing::subscriber::set_default(subscriber);
    let running = bench.run("a", |_| Some(refuse()), plain);
    for _ in 0..50 {
        bench.put(&["a", "b", "c", "d"]).await;
    }
    bench.queue.close();
    running.task.await.unwrap();
    drop(guard);
    assert_eq!(bench.books("a").dropped[&DropReason::Rejected], 200);
    assert_eq!(bench.letters("a").len(), 200);
    let said = std::fs::read_to_string(said).unwrap();
    assert_eq!(said.matches("refused for good").count(), 1, "{said}");
}

#[tokio::test(start_paused = true)]
async fn letters_go_into_the_files_of_a_destination_at_work_by_one_hand() {
    let bench = Bench::new();
    let (folder, body) = (bench.folder.path().join("otlp"), "x".repeat(1_000));
    let kind = DestinationKind::OtlpFile(config::OtlpFile {
        // Two lines fit, three do not.
        max_bytes: 4_000,
        ..config::OtlpFile::in_folder(folder.clone())
    });
    let with = With {
        queue: bench.queue.clone(),
        ledgers: bench.ledgers.clone(),
        data_dir: bench.folder.path().to_owned(),
        snapshots: watch::channel(None).1,
        known: Default::default(),
    };
    let mut exports = start(&[config::Destination::new("files", kind)], with).unwrap();
    let written = async |n| {
        bench.put(&[&body]).await;
        while bench.books("files").exported < n {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    written(1).await;

    let letters = DeadLetters::new(bench.folder.path(), "gone");
    let log = Source::Record(samples::log("shop", &body).into());
    let letter = Batch::new(Signal::Logs, vec![log]);
    letters
        .keep("gone", &letter, &Reason::code("http 400"))
        .await;
    let (_go_on, stop) = watch::channel(false);
    let replayed = exports.replay_letters("gone", "files", stop).await.unwrap();
    assert_eq!((replayed.items, replayed.left), (1, 0), "{replayed:?}");

    // It knows what was written meanwhile, so that the third line begins a file.
    written(3).await;
    let lines = |name: &str| {
        let text = std::fs::read_to_string(folder.join(name)).unwrap_or_default();
        text.lines().count()
    };
    assert_eq!((lines("logs-000001.jsonl"), lines("logs.jsonl")), (2, 1));
    assert_eq!(bench.books("files").pending(), 0);
}
