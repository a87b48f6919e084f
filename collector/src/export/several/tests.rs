use std::collections::BTreeSet;

use super::*;
use crate::convert::Otlp;
use crate::export::batch::Source;
use crate::export::samples;

type Decide = dyn Fn(&[String]) -> Outcome + Send + Sync;

/// A server that decides by the sessions of a batch, and keeps what it took.
struct Told {
    decide: Mutex<Box<Decide>>,
    taken: Mutex<Vec<String>>,
    asked: Mutex<usize>,
}

impl Told {
    fn new(decide: impl Fn(&[String]) -> Outcome + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self {
            decide: Mutex::new(Box::new(decide)),
            taken: Mutex::default(),
            asked: Mutex::default(),
        })
    }

    fn now(&self, decide: impl Fn(&[String]) -> Outcome + Send + Sync + 'static) {
        *self.decide.lock().unwrap() = Box::new(decide);
    }

    fn asked(&self) -> usize {
        *self.asked.lock().unwrap()
    }

    fn taken(&self) -> BTreeSet<String> {
        self.taken.lock().unwrap().iter().cloned().collect()
    }
}

impl Destination for Told {
    fn send<'a>(&'a self, batch: &'a Batch) -> Attempt<'a> {
        Box::pin(async move {
            *self.asked.lock().unwrap() += 1;
            let sessions = keys(batch);
            let outcome = (self.decide.lock().unwrap())(&sessions);
            if outcome == Outcome::accepted() {
                self.taken.lock().unwrap().extend(sessions);
            }
            outcome
        })
    }
}

fn accept(_: &[String]) -> Outcome {
    Outcome::accepted()
}

fn gone(_: &[String]) -> Outcome {
    Outcome::retry(Reason::code("no connection"))
}

/// A record of each of these sessions.
fn sessions(names: &[String]) -> Batch {
    let source = |name: &String| {
        let mut otlp: Otlp = samples::log("shop", name);
        let attributes = &mut otlp.logs[0].scope_logs[0].log_records[0].attributes;
        attributes.push(samples::string("session.id", name));
        Source::Record(otlp.into())
    };
    Batch::new(Signal::Logs, names.iter().map(source).collect())
}

fn named(count: usize) -> Vec<String> {
    (0..count).map(|at| format!("s{at}")).collect()
}

#[tokio::test(start_paused = true)]
async fn the_second_is_asked_only_while_the_first_is_down() {
    let (first, second) = (Told::new(accept), Told::new(accept));
    let both = Failover::new(vec![first.clone(), second.clone()]);
    let batch = sessions(&named(1));
    assert_eq!(both.send(&batch).await, Outcome::accepted());
    assert_eq!((first.asked(), second.asked()), (1, 0));
    first.now(gone);
    for _ in 0..3 {
        assert_eq!(both.send(&batch).await, Outcome::accepted());
    }
    assert_eq!((first.asked(), second.asked()), (2, 3), "it is left alone");
    first.now(accept);
    tokio::time::advance(REST + Duration::from_millis(1)).await;
    for _ in 0..3 {
        assert_eq!(both.send(&batch).await, Outcome::accepted());
    }
    assert_eq!((first.asked(), second.asked()), (5, 3), "it is back");
}

#[tokio::test(start_paused = true)]
async fn where_all_are_down_all_are_asked_each_time_and_the_last_word_counts() {
    let (first, second) = (Told::new(gone), Told::new(gone));
    let both = Failover::new(vec![first.clone(), second.clone()]);
    let batch = sessions(&named(1));
    for _ in 0..2 {
        assert_eq!(both.send(&batch).await, gone(&[]));
    }
    assert_eq!((first.asked(), second.asked()), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn a_first_that_is_busy_or_judges_is_not_down() {
    for outcome in [
        Outcome::retry(Reason::code("http 429")),
        Outcome::retry(Reason::code("http 401")),
        Outcome::Refused(Reason::code("http 400")),
    ] {
        let own = outcome.clone();
        let first = Told::new(move |_| own.clone());
        let second = Told::new(accept);
        let both = Failover::new(vec![first, second.clone()]);
        assert_eq!(both.send(&sessions(&named(1))).await, outcome);
        assert_eq!(second.asked(), 0);
    }
}

fn group(servers: &[(&str, &Arc<Told>)]) -> Spread {
    let member = |(name, told): &(&str, &Arc<Told>)| {
        let told: Arc<dyn Destination> = (*told).clone();
        ((*name).to_owned(), told)
    };
    Spread::new(servers.iter().map(member).collect())
}

#[tokio::test]
async fn each_session_has_its_server_whatever_the_batch_and_the_order_of_the_list() {
    let servers = [Told::new(accept), Told::new(accept), Told::new(accept)];
    let [a, b, c] = &servers;
    let all = named(300);
    let one = group(&[("a", a), ("b", b), ("c", c)]);
    assert_eq!(one.send(&sessions(&all)).await, Outcome::accepted());
    let taken: Vec<_> = servers.iter().map(|it| it.taken()).collect();
    let sizes: Vec<_> = taken.iter().map(BTreeSet::len).collect();
    assert_eq!(sizes.iter().sum::<usize>(), 300);
    assert!(
        sizes.iter().all(|size| (60..=140).contains(size)),
        "{sizes:?}"
    );
    let other = group(&[("c", c), ("a", a), ("b", b)]);
    for name in &all {
        let sent = other.send(&sessions(std::slice::from_ref(name))).await;
        assert_eq!(sent, Outcome::accepted());
    }
    let again: Vec<_> = servers.iter().map(|it| it.taken()).collect();
    assert_eq!(again, taken);
}

#[tokio::test]
async fn what_one_server_dropped_is_said_though_another_takes_nothing_now() {
    let partial = || Reason::new("partial success", "too old");
    let some = move |_: &[String]| Outcome::Accepted {
        rejected: 5,
        reason: Some(partial()),
    };
    let (a, b) = (Told::new(some), Told::new(gone));
    let both = group(&[("a", &a), ("b", &b)]);
    let outcome = both.send(&sessions(&named(40))).await;
    let Outcome::Each { rejected, .. } = outcome else {
        panic!("{outcome:?}");
    };
    assert_eq!(rejected, Some((5, partial())));
}

#[tokio::test]
async fn what_one_server_does_not_take_now_comes_again_and_its_culprit_is_named() {
    let bad = |sessions: &[String]| match sessions.iter().any(|it| it == "s7") {
        true => Outcome::Refused(Reason::code("http 400")),
        false => Outcome::accepted(),
    };
    let (a, b) = (Told::new(bad), Told::new(bad));
    let all = named(40);
    let both = group(&[("a", &a), ("b", &b)]);
    let Outcome::Each { refused, again, .. } = both.send(&sessions(&all)).await else {
        panic!("one is refused");
    };
    assert_eq!((refused.len(), again.len()), (1, 0));
    assert_eq!(refused[0].0, 7);
    assert_eq!(a.taken().len() + b.taken().len(), 39);

    b.now(gone);
    let others: Vec<_> = all.iter().filter(|it| *it != "s7").cloned().collect();
    let outcome = both.send(&sessions(&others)).await;
    let Outcome::Each { refused, again, .. } = outcome else {
        panic!("{outcome:?}");
    };
    assert_eq!(refused, []);
    let of_b: BTreeSet<_> = again.iter().map(|at| others[*at].clone()).collect();
    assert_eq!(of_b, b.taken());
}

#[tokio::test]
async fn what_others_take_is_no_evidence_against_the_sessions_of_one_that_is_away() {
    let (first, second) = (Told::new(accept), Told::new(accept));
    let both = group(&[("first", &first), ("second", &second)]);
    let of = |server: usize| {
        let name = named(100).into_iter().find(|it| both.server(it) == server);
        sessions(&[name.unwrap()])
    };
    let (its, other) = (of(0), of(1));
    let again = async || match both.send(&its).await {
        Outcome::Retry { reason, .. } => Some(reason.may_be_of_one_batch()),
        _ => None,
    };
    first.now(|_| Outcome::retry(Reason::code("timeout")));
    // It was well just now.
    assert_eq!(again().await, Some(true));
    for _ in 0..3 {
        assert_eq!(both.send(&other).await, Outcome::accepted());
        assert_eq!(again().await, Some(false));
    }
    first.now(accept);
    assert_eq!(again().await, None);
    // One batch alone does not pass.
    first.now(|_| Outcome::retry(Reason::code("http 403")));
    assert_eq!(again().await, Some(true));
}
