use std::sync::Mutex;

use super::*;
use crate::export::dead_letters::DeadLetters;
use crate::export::destination::{Attempt, Reason};
use crate::export::samples;

/// Takes what holds no word of `refuses`, and keeps the requests that it took.
struct Told {
    refuses: &'static [&'static str],
    away: bool,
    took: Mutex<Vec<String>>,
}

impl Told {
    fn new(refuses: &'static [&'static str], away: bool) -> Self {
        Self {
            refuses,
            away,
            took: Mutex::default(),
        }
    }

    fn took(&self) -> Vec<String> {
        self.took.lock().unwrap().clone()
    }
}

impl Destination for Told {
    fn send<'a>(&'a self, batch: &'a Batch) -> Attempt<'a> {
        Box::pin(async move {
            let json = String::from_utf8(batch.json()).unwrap();
            if self.away {
                return Outcome::retry(Reason::code("no connection"));
            }
            if self.refuses.iter().any(|it| json.contains(it)) {
                return Outcome::Refused(Reason::code("http 400"));
            }
            self.took.lock().unwrap().push(json);
            Outcome::accepted()
        })
    }
}

async fn letters(folder: &Path, batches: &[Batch]) {
    let letters = DeadLetters::new(folder, "d");
    for batch in batches {
        let reason = Reason::new("http 400", "no such field");
        letters.keep("d", batch, &reason).await;
    }
}

fn log(body: &str) -> Batch {
    let source = Source::Record(std::sync::Arc::new(samples::log("shop", body)));
    Batch::new(Signal::Logs, vec![source])
}

fn left(folder: &Path) -> String {
    fs::read_to_string(folder.join("dead-letters/d.jsonl")).unwrap()
}

#[tokio::test]
async fn what_is_taken_goes_and_what_is_refused_again_stays() {
    let folder = tempfile::tempdir().unwrap();
    letters(folder.path(), &[log("one"), log("culprit"), log("two")]).await;
    let told = Told::new(&["culprit"], false);
    let replayed = replay(folder.path(), "d", &told).await.unwrap();
    let want = Replayed {
        items: 2,
        letters: 2,
        refused: 1,
        reason: Some("http 400".to_owned()),
        ..Replayed::default()
    };
    assert_eq!(replayed, want);
    assert_eq!(told.took().len(), 2);
    let rest = left(folder.path());
    assert!(
        rest.lines().count() == 1 && rest.contains("culprit"),
        "{rest}"
    );
    let again = replay(folder.path(), "d", &Told::new(&[], false)).await;
    assert_eq!(again.unwrap().letters, 1);
    assert_eq!(left(folder.path()), "");
}

#[tokio::test]
async fn an_item_is_sent_again_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let rich = || {
        let mut rich = samples::rich();
        let attributes = &mut rich.logs[0].scope_logs[0].log_records[0].attributes;
        attributes.push(samples::string("log.record.uid", "its name"));
        Source::Record(std::sync::Arc::new(rich))
    };
    let all = [
        Batch::new(Signal::Logs, vec![rich()]),
        Batch::new(Signal::Traces, vec![rich()]),
    ];
    letters(folder.path(), &all).await;
    let told = Told::new(&[], false);
    replay(folder.path(), "d", &told).await.unwrap();
    let was: Vec<serde_json::Value> = all
        .iter()
        .map(|it| serde_json::from_slice(&it.json()).unwrap())
        .collect();
    let came: Vec<serde_json::Value> = told
        .took()
        .iter()
        .map(|it| serde_json::from_str(it).unwrap())
        .collect();
    assert_eq!(came, was);
}

#[tokio::test]
async fn nothing_goes_to_one_that_is_away_and_letters_of_others_are_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    letters(folder.path(), &[log("one"), log("two")]).await;
    let before = left(folder.path());
    let away = Told::new(&[], true);
    let replayed = replay(folder.path(), "d", &away).await.unwrap();
    assert_eq!((replayed.letters, replayed.left), (0, 2));
    assert_eq!(replayed.reason.as_deref(), Some("no connection"));
    let other = replay(folder.path(), "other", &Told::new(&[], false)).await;
    assert_eq!(other.unwrap(), Replayed::default());
    assert_eq!(left(folder.path()), before);
}

#[tokio::test]
async fn a_letter_that_names_no_item_stays() {
    let folder = tempfile::tempdir().unwrap();
    let reason = Reason::code("partial success");
    let letters = DeadLetters::new(folder.path(), "d");
    letters.note("d", &log("one"), 1, &reason).await;
    let replayed = replay(folder.path(), "d", &Told::new(&[], false)).await;
    assert_eq!(replayed.unwrap().nameless, 1);
    assert_eq!(left(folder.path()).lines().count(), 1);
}
