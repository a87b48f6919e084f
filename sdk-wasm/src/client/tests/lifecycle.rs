//! Random lives of a tab: pages that load, hide, freeze, come back and end, with a core that comes late or is lost, and visitors who change
//! their mind. A model knows of each item what became of it; the core has to agree after each step.

use std::collections::{BTreeMap, HashSet};
use std::string::String;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::*;

/// Lives of one run; 20,000 with `FAROL_FULL`.
fn lives() -> u32 {
    if std::env::var_os("FAROL_FULL").is_some() {
        20_000
    } else {
        300
    }
}

/// What happens to a tab.
#[derive(Debug, Clone)]
enum Step {
    /// A page takes the place of the one before, which is told that it goes; the core is there after so many steps.
    Load {
        late: u8,
        hidden: bool,
        prerendered: bool,
    },
    Events(u8),
    Error,
    Hide,
    Show,
    PageHide,
    /// Back from the back/forward cache.
    PageShow,
    /// Time in which timers run.
    Wait(f64),
    /// Time in which nothing runs, as where a page is frozen or offline and asleep.
    Freeze(f64),
    /// The wall clock is set.
    Jump(f64),
    Consent(u8),
    Flush,
    /// The core meets a trap: JavaScript closes it, and keeps what was sealed.
    Trap,
    Shutdown,
}

fn step() -> impl Strategy<Value = Step> {
    let load =
        (0u8..4, any::<bool>(), any::<bool>()).prop_map(|(late, hidden, prerendered)| Step::Load {
            late,
            hidden,
            prerendered,
        });
    prop_oneof![
        2 => load,
        12 => (1u8..6).prop_map(Step::Events),
        2 => Just(Step::Error),
        3 => Just(Step::Hide),
        3 => Just(Step::Show),
        1 => Just(Step::PageHide),
        1 => Just(Step::PageShow),
        6 => prop_oneof![0.0..900.0f64, Just(6e3), Just(1e6), Just(2e7)].prop_map(Step::Wait),
        2 => prop_oneof![0.0..900.0f64, Just(1e6), Just(2e7)].prop_map(Step::Freeze),
        1 => (-1e7..1e7f64).prop_map(Step::Jump),
        3 => (0u8..3).prop_map(Step::Consent),
        1 => Just(Step::Flush),
        1 => Just(Step::Trap),
        1 => Just(Step::Shutdown),
    ]
}

/// What became of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// JavaScript has it as bytes, because the core was not there yet.
    Queued,
    /// The core has it.
    Waiting,
    /// In a sealed batch.
    Sealed,
    /// Never taken, and for a reason: nobody agreed, the session is out, a bound that was told.
    Refused,
    /// Forgotten because the visitor said no.
    Withdrawn,
    /// Went with its core.
    Lost,
}

/// One page with what JavaScript does around a core.
struct Page {
    bench: Bench,
    /// Steps until the core is there; nothing: it is.
    late: Option<u8>,
    start: Start,
    waiting: Vec<(u32, f64, f64, Vec<u8>)>,
    /// No more than what was given to it before is taken.
    over: bool,
    /// The core's batches so far: ids, items.
    ids: HashSet<Vec<u8>>,
    items: u64,
    client: Option<Json>,
    draft: Option<(Vec<u8>, Vec<u64>)>,
    /// The cap of events of this session was reached.
    capped: bool,
    session: String,
    sampled: bool,
    /// As far as this core knows.
    consent: u8,
}

/// A tab: what outlives its pages, and what the model knows.
struct Tab {
    /// What each of its pages starts with.
    start: Start,
    storage: String,
    consent: u8,
    now: f64,
    wall: f64,
    page: Option<Page>,
    fates: BTreeMap<u64, Fate>,
    next: u64,
    /// Pages whose core was started.
    pages: u32,
}

fn name(item: &Json) -> Option<u64> {
    item["name"].as_str()?.strip_prefix("item-")?.parse().ok()
}

impl Tab {
    fn take(&mut self, step: &Step) -> Result<(), TestCaseError> {
        match *step {
            Step::Load {
                late,
                hidden,
                prerendered,
            } => {
                // It is told that it goes, and its core with it.
                self.tell(
                    op::VISIBILITY,
                    &[&[2][..], &f64::NAN.to_le_bytes()].concat(),
                )?;
                self.gone();
                self.load(late + 4 * u8::from(prerendered), hidden)?;
            }
            Step::Events(count) => {
                for _ in 0..count {
                    let item = self.next;
                    self.next += 1;
                    let text = std::format!("item-{item}");
                    let message = Writer::default()
                        .s(&text)
                        .s("")
                        .a(&[])
                        .s("")
                        .s("")
                        .n(f64::NAN);
                    self.fates.insert(item, Fate::Refused);
                    if self.page.as_ref().is_some_and(|page| !page.over) {
                        self.fates.insert(item, Fate::Queued);
                    }
                    self.tell(op::EVENT, &message.0)?;
                }
            }
            Step::Error => {
                let message = Writer::default()
                    .b(0)
                    .many(&["api", "E", "m", "", ""])
                    .n(0.0)
                    .n(0.0);
                let message = message.u(0).a(&[]).s("").s("").n(f64::NAN).u(0);
                self.tell(op::EXCEPTION, &message.0)?;
            }
            Step::Hide => self.visibility(1)?,
            Step::Show => self.visibility(0)?,
            Step::PageHide => self.visibility(2)?,
            Step::PageShow => self.visibility(3)?,
            Step::Wait(ms) => self.wait(ms)?,
            Step::Freeze(ms) => {
                self.now += ms;
                self.wall += ms;
            }
            Step::Jump(ms) => self.wall += ms,
            Step::Consent(consent) => {
                // Said to the page at once, whatever the core is doing.
                self.consent = consent;
                self.tell(op::CONSENT, &[consent])?;
                if consent == 2 {
                    self.storage.clear();
                }
            }
            Step::Flush => self.tell(op::FLUSH, &[0])?,
            Step::Trap => {
                if self.page.as_ref().is_some_and(|page| page.late.is_none()) {
                    self.gone();
                }
            }
            Step::Shutdown => {
                self.tell(op::FLUSH, &[2])?;
                if let Some(page) = &mut self.page {
                    page.over = true;
                }
            }
        }
        if let Some(late) = self.page.as_mut().and_then(|page| page.late.as_mut()) {
            *late = late.saturating_sub(1);
            if *late == 0 {
                self.open()?;
            }
        }
        self.ended();
        Ok(())
    }

    fn visibility(&mut self, how: u8) -> Result<(), TestCaseError> {
        self.tell(
            op::VISIBILITY,
            &[&[how][..], &f64::NAN.to_le_bytes()].concat(),
        )?;
        let page = self
            .page
            .as_ref()
            .filter(|page| page.late.is_none() && !page.over);
        if matches!(how, 1 | 2)
            && let Some(page) = page
        {
            prop_assert_eq!(
                page.bench.client.batch.len(),
                0,
                "nothing waits on a page that is hidden"
            );
        }
        Ok(())
    }

    fn load(&mut self, late: u8, hidden: bool) -> Result<(), TestCaseError> {
        self.page = Some(Page {
            bench: Bench {
                client: Client::new(Fake::default()),
                now: self.now,
                due: f64::INFINITY,
            },
            late: Some(late),
            start: Start {
                flags: self.start.flags | if hidden { flag::HIDDEN } else { 0 },
                consent: self.consent,
                ..self.start.clone()
            },
            waiting: Vec::new(),
            over: false,
            ids: HashSet::new(),
            items: 0,
            client: None,
            draft: None,
            capped: false,
            session: String::new(),
            sampled: false,
            consent: self.consent,
        });
        if late == 0 { self.open() } else { Ok(()) }
    }

    /// The core is there: it is started, and given what waits.
    fn open(&mut self) -> Result<(), TestCaseError> {
        let Some(page) = &mut self.page else {
            return Ok(());
        };
        page.late = None;
        if self.consent == 1 && page.start.consent == 1 {
            page.start.stored.clone_from(&self.storage);
        }
        let mut start = page.start.message();
        // Behind flags and consent: each page draws its own randomness, or two sessions would have one id.
        start[2..6].copy_from_slice(&self.pages.to_le_bytes());
        self.pages += 1;
        let waiting = core::mem::take(&mut page.waiting);
        self.give(op::START, self.now, self.wall, &start)?;
        for (op, now, wall, bytes) in waiting {
            self.give(op, now, wall, &bytes)?;
        }
        Ok(())
    }

    /// The core is gone, and what it alone had; JavaScript takes nothing more.
    fn gone(&mut self) {
        if let Some(mut page) = self.page.take() {
            page.over = true;
            for fate in self.fates.values_mut() {
                if matches!(fate, Fate::Queued | Fate::Waiting) {
                    *fate = Fate::Lost;
                }
            }
        }
    }

    /// A client that was shut down before anybody agreed forgets what it kept.
    fn ended(&mut self) {
        if self
            .page
            .as_ref()
            .is_some_and(|page| page.over && page.late.is_none())
        {
            for fate in self
                .fates
                .values_mut()
                .filter(|fate| **fate == Fate::Waiting)
            {
                *fate = Fate::Lost;
            }
        }
    }

    fn tell(&mut self, op: u32, bytes: &[u8]) -> Result<(), TestCaseError> {
        let Some(page) = self.page.as_mut().filter(|page| !page.over) else {
            return Ok(());
        };
        if page.late.is_some() {
            page.waiting.push((op, self.now, self.wall, bytes.to_vec()));
            return Ok(());
        }
        self.give(op, self.now, self.wall, bytes)
    }

    /// Time passes, and the one timer that JavaScript has for the core fires when it is due.
    fn wait(&mut self, ms: f64) -> Result<(), TestCaseError> {
        let end = self.now + ms;
        let mut ticks = 0;
        while let Some(page) = self.page.as_ref().filter(|page| page.late.is_none())
            && page.bench.due <= end
        {
            ticks += 1;
            prop_assert!(ticks < 1000, "the core asks for one tick after the other");
            let at = page.bench.due.max(self.now);
            self.wall += at - self.now;
            self.now = at;
            self.give(op::TICK, at, self.wall, &[])?;
        }
        self.wall += end - self.now;
        self.now = end;
        Ok(())
    }

    /// Gives the core a message, and holds what it says against the model.
    fn give(&mut self, op: u32, now: f64, wall: f64, bytes: &[u8]) -> Result<(), TestCaseError> {
        let Some(page) = &mut self.page else {
            return Ok(());
        };
        page.bench.now = now;
        page.bench.client.pen.host.wall = wall;
        if op == op::CONSENT {
            page.consent = bytes[0];
        }
        let item = (op == op::EVENT).then(|| {
            let text = Message::new(bytes).text();
            core::str::from_utf8(&text[5..])
                .unwrap()
                .parse::<u64>()
                .unwrap()
        });
        page.bench.put(op, bytes);

        let diagnostics = page.bench.diagnostics();
        for (state, id) in page.bench.sessions() {
            page.sampled = state == 2;
            if id != page.session {
                page.capped = false;
                page.session = id;
            }
        }
        // A session that is out, or a no, is no session to capture: then the state says so.
        prop_assert!(
            page.consent != 2 || !page.sampled,
            "nothing is captured after a no"
        );
        page.capped |= diagnostics.contains(&(diagnostic::CAP_REACHED, f64::from(kind::EVENT)));
        for text in page.bench.said(signal::STORE) {
            prop_assert!(
                text.is_empty() || page.consent == 1,
                "nothing is stored without a yes"
            );
            if self.consent == 1 || text.is_empty() {
                self.storage = String::from_utf8(text).unwrap();
            }
        }
        if let Some(item) = item {
            let full = diagnostics
                .iter()
                .any(|(code, _)| *code == diagnostic::PENDING_FULL);
            let taken = page.sampled && !page.capped && !full;
            self.fates
                .insert(item, if taken { Fate::Waiting } else { Fate::Refused });
        }
        if page.consent == 2 {
            for fate in self
                .fates
                .values_mut()
                .filter(|fate| **fate == Fate::Waiting)
            {
                *fate = Fate::Withdrawn;
            }
            page.draft = None;
        }
        for batch in page.bench.batches() {
            prop_assert!(page.consent == 1, "nothing leaves without a yes");
            let names: Vec<_> = items(&batch.json)
                .iter()
                .filter_map(|(_, item)| name(item))
                .collect();
            prop_assert_eq!(
                &batch.json["farol"]["seq"],
                page.items,
                "sequence numbers have no gap"
            );
            let client = batch.json["farol"]["client"].clone();
            prop_assert!(
                page.client
                    .replace(client.clone())
                    .is_none_or(|known| known == client)
            );
            if batch.flags & 4 != 0 {
                prop_assert!(names.iter().all(|name| self.fates[name] == Fate::Waiting));
                page.draft = Some((batch.id, names));
                continue;
            }
            if let Some((id, drafted)) = page.draft.take() {
                prop_assert_eq!(&id, &batch.id, "a batch takes the place of its draft");
                prop_assert!(
                    drafted.iter().all(|name| names.contains(name)) || batch.flags & 1 != 0
                );
            }
            prop_assert!(page.ids.insert(batch.id), "an id names one batch");
            page.items += u64::from(batch.items);
            for name in names {
                prop_assert_eq!(
                    self.fates.insert(name, Fate::Sealed),
                    Some(Fate::Waiting),
                    "item {} is in one batch, once",
                    name
                );
            }
        }
        let waits = page.bench.client.batch.len() > 0 && page.consent == 1;
        prop_assert_eq!(
            page.bench.due.is_finite(),
            waits,
            "a deadline where something waits, and only there"
        );
        Ok(())
    }
}

#[test]
fn whatever_happens_to_a_tab_each_item_has_one_fate() {
    let mut runner = TestRunner::new(ProptestConfig {
        cases: lives(),
        // A life's end is found by the steps, not by a search of the disk.
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let choices = (
        0u8..3,
        any::<bool>(),
        prop_oneof![4 => Just(f64::NAN), 1 => Just(0.0), 1 => Just(0.5)],
        prop_oneof![3 => Just(f64::NAN), 1 => Just(3.0)],
        prop_oneof![3 => Just(f64::NAN), 1 => Just(12.0)],
        proptest::collection::vec(step(), 1..80),
    );
    let result = runner.run(&choices, |(consent, outbox, rate, items, cap, steps)| {
        let mut start = Start {
            flags: if outbox { flag::OUTBOX } else { 0 },
            ..Start::default()
        };
        (start.numbers[0], start.numbers[3], start.numbers[9]) = (rate, items, cap);
        let mut tab = Tab {
            start,
            storage: String::new(),
            consent,
            now: 0.0,
            wall: EPOCH,
            page: None,
            fates: BTreeMap::new(),
            next: 0,
            pages: 0,
        };
        tab.load(0, false)?;
        for step in &steps {
            tab.take(step)?;
        }
        // The core comes, however late, and the visitor agrees: whatever waits leaves.
        if tab.page.as_ref().is_some_and(|page| page.late.is_some()) {
            tab.open()?;
            tab.ended();
        }
        tab.take(&Step::Consent(1))?;
        tab.take(&Step::Flush)?;
        tab.wait(1e5)?;
        prop_assert!(
            tab.fates
                .values()
                .all(|fate| !matches!(fate, Fate::Queued | Fate::Waiting)),
            "{:?}",
            tab.fates
        );
        if rate == 0.0 {
            prop_assert!(tab.fates.values().all(|fate| *fate != Fate::Sealed));
        }
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}
