//! What an operator asks of a collector that runs: to erase what a person left, to have a destination get something again.
//!
//! It is asked for on the listener of operators alone, by address and by no page (as `tail.rs`), and done between two moments of the
//! destinations: they end in order, and go on from their places when it is done.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use http::header::ORIGIN;
use http::{HeaderMap, StatusCode, Uri};
use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, oneshot, watch};

use crate::export::{Exports, forget_letters};
use crate::forget::{Person, Whose};
use crate::queue::disk::erase::{Erased, Rewrite};
use crate::queue::disk::replay::Replay;
use crate::queue::{Queue, spill};
use crate::tail::{NotShown, by_address};

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Task {
    /// Erase what is somebody's.
    Erase(Person),
    /// Have a destination get again what was taken since.
    Replay(String, u64),
    /// Send again what a destination refused, to it or to another.
    Letters(String, String),
}

/// A task, and who waits for its answer: JSON, or what is wrong.
#[derive(Debug)]
pub(crate) struct Asked {
    task: Task,
    answer: oneshot::Sender<Result<String, String>>,
}

/// One task at a time.
pub(crate) fn channel() -> (mpsc::Sender<Asked>, mpsc::Receiver<Asked>) {
    mpsc::channel(1)
}

/// What was erased, and what only others can erase.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Forgotten {
    /// Items that are gone from the queue.
    pub(crate) items: u64,
    /// In how many records they were.
    pub(crate) records: u64,
    /// By destination.
    pub(crate) destinations: Vec<Share>,
    /// Items that are gone from the dead letters.
    pub(crate) dead_letters: u64,
    /// Damaged bytes that were cleared.
    pub(crate) cleared_bytes: u64,
    /// Files kept aside for being damaged that are gone.
    pub(crate) removed_files: u64,
}

/// What of the erased items a destination had.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Share {
    /// Its name.
    pub(crate) name: String,
    /// Items that it will not get.
    pub(crate) not_gone: u64,
    /// Items that it was through with: it has them, but for what it does not want.
    pub(crate) had: u64,
}

impl Forgotten {
    fn of(erased: Erased, dead_letters: u64) -> Self {
        let share = |(name, not_gone, had)| Share {
            name,
            not_gone,
            had,
        };
        Self {
            items: erased.items,
            records: erased.records,
            destinations: erased.readers.into_iter().map(share).collect(),
            dead_letters,
            cleared_bytes: erased.cleared,
            removed_files: erased.aside,
        }
    }
}

/// Erases from all that a data folder holds beside a queue that is open, and from that by `queue`.
pub(crate) fn forget(
    person: &Person,
    data_dir: &Path,
    queue: impl FnOnce(Rewrite<'_>) -> Result<Erased>,
) -> Result<Forgotten> {
    let rewrite = |record: &crate::record::Record| person.taken_out(record);
    let mut erased = queue(&rewrite)?;
    // What is done is booked, and doing it again finds the rest.
    ensure!(
        erased.left == 0,
        "the collector is stopping; {} items were erased, and {} files of the queue, what else the folder keeps and the dead letters were not looked at: \
         ask again once it has stopped",
        erased.items,
        erased.left
    );
    let folder = crate::data_folder::DataFolder::queue_of(data_dir);
    let (records, items) = spill::erase(&folder, &rewrite)
        .with_context(|| format!("{} cannot be written anew", folder.display()))?;
    erased.records += records;
    erased.items += items;
    let letters = forget_letters(data_dir, person)
        .context("the queue is done; the dead letters cannot be written anew")?;
    erased.cleared += letters.cleared;
    Ok(Forgotten::of(erased, letters.items))
}

/// What a task is carried out on.
pub(crate) struct Reach<'a> {
    pub(crate) exports: &'a mut Exports,
    pub(crate) queue: Queue,
    pub(crate) data_dir: PathBuf,
    /// Turns true when the collector is to end: what is done by then is kept, the rest is left and said to be.
    pub(crate) stop: watch::Receiver<bool>,
}

impl Reach<'_> {
    /// Does it, and tells who asked.
    pub(crate) async fn carry_out(self, asked: Asked) {
        let done = self.done(asked.task).await;
        // Who asked may have gone; it is done all the same.
        let _ = asked
            .answer
            .send(done.map_err(|error| format!("{error:#}")));
    }

    async fn done(self, task: Task) -> Result<String> {
        let (queue, data_dir, stop) = (self.queue, self.data_dir, self.stop);
        let stopped = stop.clone();
        let stopping = move || *stopped.borrow();
        match task {
            Task::Erase(person) => {
                let erase = move |rewrite: Rewrite<'_>| Ok(queue.erase(rewrite, &stopping)?);
                let work = move || forget(&person, &data_dir, erase);
                let forgotten = self.exports.without(None, blocking(work)).await??;
                tracing::info!(
                    items = forgotten.items,
                    records = forgotten.records,
                    "erased what an operator asked for"
                );
                // Who asked may have gone, and the next who asks finds nothing more.
                for share in forgotten.destinations.iter().filter(|it| it.had > 0) {
                    tracing::info!(
                        destination = share.name,
                        items = share.had,
                        "had items of those that were erased, which are to be erased there"
                    );
                }
                Ok(serde_json::to_string(&forgotten)?)
            }
            Task::Replay(name, from_ns) => {
                let moved = name.clone();
                let work = move || queue.replay(&moved, from_ns, &stopping);
                let again: Replay = self
                    .exports
                    .without(Some(&[&name]), blocking(work))
                    .await??;
                tracing::info!(
                    destination = name,
                    items = again.items,
                    "an operator asked for items again"
                );
                Ok(serde_json::to_string(&again)?)
            }
            Task::Letters(from, to) => {
                let replayed = self.exports.replay_letters(&from, &to, stop).await?;
                tracing::info!(
                    destination = to,
                    items = replayed.items,
                    "an operator had dead letters sent again"
                );
                Ok(serde_json::to_string(&replayed)?)
            }
        }
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work).await?
}

/// `POST /-/queue/erase`, `/-/queue/replay` and `/-/dead-letters/replay`.
///
/// # Errors
/// When it was asked for by a name or by a page, in words that are not known, or cannot be done.
pub(crate) async fn ask(
    operations: &mpsc::Sender<Asked>,
    uri: &Uri,
    headers: &HeaderMap,
) -> Result<String, NotShown> {
    let no = |status, code, message: String| NotShown {
        status,
        code,
        message,
    };
    // A page's own requests cannot do without one where they change something.
    if headers.contains_key(ORIGIN) || !by_address(headers) {
        let message = "ask by address (127.0.0.1:…), not by name and not from a page";
        return Err(no(StatusCode::FORBIDDEN, "host", message.into()));
    }
    let task = Task::read(uri);
    let task = task.map_err(|message| no(StatusCode::BAD_REQUEST, "bad_request", message))?;
    let (answer, told) = oneshot::channel();
    let stopping = || {
        no(
            StatusCode::SERVICE_UNAVAILABLE,
            "shutting_down",
            "the collector is stopping; ask its folder once it has".into(),
        )
    };
    let asked = Asked { task, answer };
    operations.send(asked).await.map_err(|_| stopping())?;
    let done = told.await.map_err(|_| stopping())?;
    done.map_err(|message| no(StatusCode::CONFLICT, "not_done", message))
}

impl Task {
    fn read(uri: &Uri) -> Result<Self, String> {
        if uri.path().starts_with("/-/dead-letters/") {
            return Self::read_letters(uri.query().unwrap_or_default());
        }
        let erases = uri.path().ends_with("/erase");
        let (mut whose, mut app, mut destination, mut from) = (None, None, None, None);
        for (name, value) in form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
            let value = value.into_owned();
            match &*name {
                "session" | "user" if erases && whose.is_some() => {
                    return Err("say session=ID or user=ID once: one person at a time".to_owned());
                }
                "session" if erases => whose = Some(Whose::Session(value)),
                "user" if erases => whose = Some(Whose::User(value)),
                "app" if erases => app = Some(value),
                "destination" if !erases => destination = Some(value),
                "from_ns" if !erases => from = value.parse().ok(),
                name => return Err(format!("`{name}` is not known")),
            }
        }
        match (erases, whose, destination, from) {
            (true, Some(whose), ..) => {
                let person = Person { whose, app };
                match person.id() {
                    "" => Err("an empty id is nobody's".to_owned()),
                    _ => Ok(Self::Erase(person)),
                }
            }
            (false, _, Some(destination), Some(from)) => Ok(Self::Replay(destination, from)),
            (true, ..) => Err("say session=ID or user=ID".to_owned()),
            (false, ..) => {
                Err("say destination=NAME and from_ns=<nanoseconds since 1970>".to_owned())
            }
        }
    }

    fn read_letters(query: &str) -> Result<Self, String> {
        let (mut from, mut to) = (None, None);
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "destination" => from = Some(value.into_owned()),
                "to" => to = Some(value.into_owned()),
                name => return Err(format!("`{name}` is not known")),
            }
        }
        let from = from.ok_or("say destination=NAME")?;
        let to = to.unwrap_or_else(|| from.clone());
        Ok(Self::Letters(from, to))
    }

    /// The path with its query, as [`ask`] reads it.
    pub(crate) fn path(&self) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        let word = match self {
            Self::Erase(person) => {
                let name = match person.whose {
                    Whose::Session(_) => "session",
                    Whose::User(_) => "user",
                };
                query.append_pair(name, person.id());
                if let Some(app) = &person.app {
                    query.append_pair("app", app);
                }
                "erase"
            }
            Self::Replay(destination, from) => {
                query.append_pair("destination", destination);
                query.append_pair("from_ns", &from.to_string());
                "replay"
            }
            Self::Letters(from, to) => {
                query.append_pair("destination", from).append_pair("to", to);
                return format!("/-/dead-letters/replay?{}", query.finish());
            }
        };
        format!("/-/queue/{word}?{}", query.finish())
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use http::header::HOST;

    use super::*;

    #[test]
    fn what_is_asked_for_survives_its_path() {
        let person = |whose| Person {
            whose,
            app: Some("a&b".to_owned()),
        };
        for task in [
            Task::Erase(person(Whose::Session("s 1".to_owned()))),
            Task::Erase(person(Whose::User("joe@mail.example".to_owned()))),
            Task::Replay("vendor".to_owned(), 7),
            Task::Letters("vendor".to_owned(), "a b".to_owned()),
        ] {
            assert_eq!(Task::read(&task.path().parse().unwrap()), Ok(task));
        }
        for wrong in [
            "/-/queue/erase",
            "/-/queue/erase?session=",
            "/-/queue/erase?sesion=a",
            "/-/queue/erase?app=a",
            "/-/queue/erase?session=a&user=b",
            "/-/queue/erase?user=a&user=b",
            "/-/queue/replay?destination=a",
            "/-/dead-letters/replay?to=a",
            "/-/dead-letters/replay?destination=a&from_ns=1",
            "/-/queue/replay?destination=a&from_ns=yesterday",
        ] {
            assert!(Task::read(&wrong.parse().unwrap()).is_err(), "{wrong}");
        }
    }

    #[tokio::test]
    async fn a_page_and_a_name_of_the_network_are_refused() {
        let (operations, mut asked) = channel();
        let uri = Uri::from_static("/-/queue/erase?session=a");
        let host = |host| (HOST, HeaderValue::from_static(host));
        let page = (ORIGIN, HeaderValue::from_static("http://127.0.0.1:1"));
        for headers in [
            vec![],
            vec![host("rebound.example")],
            vec![host("127.0.0.1:1"), page],
        ] {
            let headers = headers.into_iter().collect();
            let refused = ask(&operations, &uri, &headers).await.unwrap_err();
            assert_eq!(refused.status, StatusCode::FORBIDDEN);
        }
        assert!(asked.try_recv().is_err(), "and nobody hears of it");
    }
}
