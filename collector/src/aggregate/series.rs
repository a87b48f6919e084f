//! All series and their values. Nothing a client sends can make more than a bounded number of them.

use std::collections::{BTreeMap, HashMap};

use farol_protocol::names::attr;
use serde::{Deserialize, Serialize};

use super::histogram::Histogram;
use super::names::{Family, Id, Kind};

/// Series of one family of one app. Above the pages, countries or releases that anybody looks at one by one; OpenTelemetry's
/// SDKs have 2,000 for all of an instrument.
const MAX_PER_FAMILY: usize = 500;
/// Overflow series of one family of one app: one for each way that things are delivered in.
const MAX_OVERFLOWS: usize = 3;
/// Names of apps that have metrics of their own. Declared apps are far fewer; an open collector takes what clients say.
const MAX_APPS: usize = 256;
/// Environments of one app by name, which are what its clients say: a stranger who has the key that stands in its pages takes none from another app.
const MAX_ENVIRONMENTS: usize = 16;
/// All series but the overflows of apps, which are three of each family and app at most once all are taken: some 36,000 then. A histogram takes at most 1.5 KB, so that is
/// 55 MB at the very worst, and some MB in earnest. An app gets new ones as long as it has fewer than are free: alone it may have half of all, and whoever comes after one
/// that has that many still finds a quarter.
const MAX_SERIES: usize = 20_000;
/// Characters of an attribute's value.
pub(super) const MAX_VALUE: usize = 200;
/// A series that nothing was added to for a day is let go: releases that nobody runs any more would fill the bounds. If it comes
/// back it starts from zero with a new start time, and is said as 0 before it is said as what it holds (`heard`).
const STALE_NS: u64 = 24 * 60 * 60 * 1_000_000_000;
/// So it is in a week where a destination does not know all of it yet: one that is away for longer is as good as gone.
const STALE_UNTOLD_NS: u64 = 7 * STALE_NS;
/// Parts the fields of a key; cut out of values.
const SEPARATOR: char = '\u{1f}';

/// The value of a series.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Value {
    Sum(f64),
    Histogram(Box<Histogram>),
}

impl Value {
    /// Before anything was added.
    pub(super) fn zero(family: &Family) -> Self {
        match family.kind {
            Kind::Counter => Self::Sum(0.0),
            Kind::Histogram => Self::Histogram(Box::new(Histogram::of(family.bounds))),
        }
    }
}

impl Value {
    /// Adds what another one of its family holds.
    fn merge(&mut self, other: &Self) {
        match (self, other) {
            (Self::Sum(sum), Self::Sum(other)) => *sum += other,
            (Self::Histogram(it), Self::Histogram(other)) => it.merge(other),
            _ => {}
        }
    }
}

/// Whose series: becomes the resource.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct App {
    pub(crate) name: String,
    pub(crate) environment: String,
}

impl App {
    /// OpenTelemetry's word for an app without a name.
    pub(crate) const NAMELESS: &str = "unknown_service";
}

/// A value with the trace that it was measured in.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Exemplar {
    pub(crate) trace_id: [u8; 16],
    pub(crate) span_id: Option<[u8; 8]>,
    pub(crate) value: f64,
    /// When it came.
    pub(crate) time_ns: u64,
}

/// One series.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Series {
    pub(crate) family: Id,
    pub(crate) app: App,
    /// In the order of the family's attributes; empty where nothing is known. An overflow has its delivery alone, and none where there is nothing to say of that.
    pub(crate) values: Vec<String>,
    pub(crate) overflow: bool,
    pub(crate) value: Value,
    /// Since when it counts.
    pub(crate) start_ns: u64,
    /// When something was last added.
    pub(crate) touched_ns: u64,
    /// The latest of this run; no part of the state that is stored.
    pub(crate) exemplar: Option<Exemplar>,
}

/// All series.
#[derive(Debug, Default)]
pub(crate) struct Store {
    series: HashMap<String, Series>,
    counts: BTreeMap<App, HashMap<Id, usize>>,
    /// How many series the apps of a name have.
    names: BTreeMap<String, usize>,
    /// No series begins before: by that it began later it is known for a new one, wherever the clock was set.
    begins_ns: u64,
    /// Reused for looking up.
    key: String,
}

impl Store {
    /// Adds to a series. `amount` is a weight for a counter, a value for a histogram.
    pub(crate) fn add(&mut self, family: Id, app: &App, values: &[&str], amount: f64, now: u64) {
        self.add_traced(family, app, values, amount, now, None);
    }

    /// The same, with the trace that the value was measured in.
    pub(crate) fn add_traced(
        &mut self,
        family: Id,
        app: &App,
        values: &[&str],
        amount: f64,
        now: u64,
        exemplar: Option<Exemplar>,
    ) {
        let series = self.place(family, app, values, now);
        series.add(amount, now);
        // A report that was held came before others that count already, and Prometheus takes no exemplar that is older than its last.
        let latest = [series.exemplar, exemplar].into_iter().flatten();
        series.exemplar = latest.max_by_key(|it| it.time_ns);
    }

    /// The series of these values, made where there is none yet.
    fn place(&mut self, family: Id, app: &App, values: &[&str], now: u64) -> &mut Series {
        self.fill_key(family, app, values, false);
        if self.series.contains_key(&self.key) {
            return self.known();
        }
        let (app, overflow) = self.room(family, app);
        let values = match overflow {
            // What alerts leave out must not come to them this way.
            true => delivery(family, values),
            false => values,
        };
        let values: Vec<String> = values.iter().map(|it| clean(it)).collect();
        let borrowed: Vec<&str> = values.iter().map(String::as_str).collect();
        self.fill_key(family, &app, &borrowed, overflow);
        if self.series.contains_key(&self.key) {
            return self.known();
        }
        self.insert(Series {
            family,
            app,
            values,
            overflow,
            value: Value::zero(family.family()),
            start_ns: now.max(self.begins_ns),
            touched_ns: now,
            exemplar: None,
        });
        self.known()
    }

    /// Series that come from now on begin after a time by which others heard of all that there are.
    pub(crate) fn begins_after(&mut self, heard_ns: u64) {
        self.begins_ns = self.begins_ns.max(heard_ns.saturating_add(1));
    }

    /// The series of the key that was filled last.
    fn known(&mut self) -> &mut Series {
        self.series.get_mut(&self.key).expect("it was put there")
    }

    /// The series, each a copy, by app, family and attributes.
    pub(crate) fn copies(&self) -> Vec<Series> {
        self.sorted().into_iter().cloned().collect()
    }

    /// Puts a series back that was stored.
    pub(crate) fn insert(&mut self, series: Series) {
        let values: Vec<&str> = series.values.iter().map(String::as_str).collect();
        self.fill_key(series.family, &series.app, &values, series.overflow);
        // The version before kept an app's overflow apart from that of what says no environment.
        if let Some(known) = self.series.get_mut(&self.key) {
            known.value.merge(&series.value);
            known.start_ns = known.start_ns.min(series.start_ns);
            known.touched_ns = known.touched_ns.max(series.touched_ns);
            return;
        }
        let of_app = self.counts.entry(series.app.clone()).or_default();
        *of_app.entry(series.family).or_default() += 1;
        *self.names.entry(series.app.name.clone()).or_default() += 1;
        self.series.insert(self.key.clone(), series);
    }

    /// All series by app, family and attributes.
    pub(crate) fn sorted(&self) -> Vec<&Series> {
        let mut all: Vec<&Series> = self.series.values().collect();
        all.sort_by(|a, b| {
            (&a.app, a.family, a.overflow, &a.values)
                .cmp(&(&b.app, b.family, b.overflow, &b.values))
        });
        all
    }

    pub(crate) fn len(&self) -> usize {
        self.series.len()
    }

    /// Lets go of what is stale; says how many series that were. What was added until `known_ns` is known to all who want it.
    pub(crate) fn forget_stale(&mut self, now: u64, known_ns: u64) -> usize {
        let before = self.series.len();
        let (counts, names) = (&mut self.counts, &mut self.names);
        self.series.retain(|_, series| {
            let most = match series.touched_ns <= known_ns {
                true => STALE_NS,
                false => STALE_UNTOLD_NS,
            };
            let keep = now.saturating_sub(series.touched_ns) < most;
            if !keep
                && let Some(of_app) = counts.get_mut(&series.app)
                && let Some(count) = of_app.get_mut(&series.family)
            {
                *count -= 1;
            }
            if !keep && let Some(count) = names.get_mut(&series.app.name) {
                *count -= 1;
            }
            keep
        });
        self.names.retain(|_, count| *count > 0);
        self.counts
            .retain(|_, of_app| of_app.values().any(|count| *count > 0));
        before - self.series.len()
    }

    /// Where a new series goes: to its own place, to its app's overflow, or to that of all apps. An app's is that of what says no environment: those two would
    /// have the same labels.
    fn room(&self, family: Id, app: &App) -> (App, bool) {
        let overflow = |name: &str| App {
            name: name.to_owned(),
            environment: String::new(),
        };
        let own = self.names.get(&app.name).copied().unwrap_or(0);
        let free = MAX_SERIES.saturating_sub(self.series.len());
        if own == 0 && (self.names.len() >= MAX_APPS || free == 0) {
            return (overflow(""), true);
        }
        let Some(known) = self.counts.get(app) else {
            let named = !app.environment.is_empty();
            let crowded = named && self.environments(&app.name) >= MAX_ENVIRONMENTS;
            return match crowded || free == 0 {
                true => (overflow(&app.name), true),
                false => (app.clone(), own >= free),
            };
        };
        if free == 0 {
            return (overflow(&app.name), true);
        }
        let of_family = known.get(&family).copied().unwrap_or(0);
        let full = of_family + MAX_OVERFLOWS >= MAX_PER_FAMILY || own >= free;
        (app.clone(), full)
    }

    /// How many environments of an app have series of their own.
    fn environments(&self, name: &str) -> usize {
        let first = App {
            name: name.to_owned(),
            ..App::default()
        };
        let from_there = self.counts.range(first..).map(|(it, _)| it);
        let own = from_there.take_while(|it| it.name == name);
        own.filter(|it| !it.environment.is_empty()).count()
    }

    fn fill_key(&mut self, family: Id, app: &App, values: &[&str], overflow: bool) {
        let key = &mut self.key;
        key.clear();
        key.push(char::from(family.0));
        key.push(if overflow { '!' } else { '.' });
        for text in [app.name.as_str(), &app.environment].iter().chain(values) {
            key.push_str(text);
            key.push(SEPARATOR);
        }
    }
}

impl Series {
    fn add(&mut self, amount: f64, now: u64) {
        self.touched_ns = now;
        match &mut self.value {
            Value::Sum(sum) => *sum += amount,
            Value::Histogram(histogram) => histogram.record(amount, self.family.family().bounds),
        }
    }
}

/// How it was delivered, where there is something to say of that.
fn delivery<'a, 'b>(family: Id, values: &'a [&'b str]) -> &'a [&'b str] {
    let names = family.family().attributes;
    let at = names.iter().position(|it| *it == attr::DELIVERY);
    let said = at.and_then(|at| values.get(at..=at));
    said.filter(|it| !it[0].is_empty()).unwrap_or_default()
}

/// A value that is short enough for a label. Most are as they came.
fn clean(value: &str) -> String {
    value
        .chars()
        .filter(|c| *c != SEPARATOR)
        .take(MAX_VALUE)
        .collect()
}

#[cfg(test)]
mod tests {
    use farol_protocol::metrics::FAMILIES;

    use super::super::names;
    use super::*;

    fn app(name: &str) -> App {
        App {
            name: name.into(),
            ..App::default()
        }
    }

    fn total(store: &Store) -> f64 {
        let sum = |series: &&Series| match series.value {
            Value::Sum(sum) => sum,
            Value::Histogram(_) => 0.0,
        };
        store.sorted().iter().map(sum).sum()
    }

    #[test]
    fn equal_attributes_are_one_series() {
        let mut store = Store::default();
        for country in ["CH", "BR", "CH"] {
            store.add(names::SESSIONS, &app("shop"), &[country, ""], 2.0, 1);
        }
        let values: Vec<_> = store.sorted().iter().map(|it| it.value.clone()).collect();
        assert_eq!(values, [Value::Sum(2.0), Value::Sum(4.0)]);
    }

    #[test]
    fn what_finds_no_room_goes_to_the_overflow_and_no_weight_is_lost() {
        let mut store = Store::default();
        for n in 0..2_000 {
            store.add(names::EXCEPTIONS, &app("shop"), &[&format!("E{n}")], 1.0, 1);
        }
        assert_eq!(store.len(), MAX_PER_FAMILY - MAX_OVERFLOWS + 1);
        assert_eq!(total(&store), 2_000.0);
        let overflow: Vec<_> = store
            .sorted()
            .into_iter()
            .filter(|it| it.overflow)
            .cloned()
            .collect();
        assert_eq!(overflow.len(), 1);
        assert_eq!(overflow[0].value, Value::Sum(1_503.0));
        // One family's flood leaves the others alone.
        store.add(names::SESSIONS, &app("shop"), &["mobile"], 1.0, 1);
        assert!(store.sorted().iter().any(|it| it.values == ["mobile"]));
    }

    #[test]
    fn what_finds_no_room_is_still_told_apart_by_its_delivery() {
        let of = |store: &Store, delivery: &str| -> f64 {
            let said = |it: &&Series| match it.overflow {
                true => it.values.first().map_or("", String::as_str) == delivery,
                false => it.values.last().is_some_and(|it| it == delivery),
            };
            let sums = store.sorted().into_iter().filter(said);
            let sums = sums.map(|it| match it.value {
                Value::Sum(sum) => sum,
                Value::Histogram(_) => 0.0,
            });
            sums.sum()
        };
        let ways = [("", 600.0), ("test", 700.0), ("deferred", 800.0)];
        let flood = |store: &mut Store, app: &App| {
            for n in 0..800 {
                let page = format!("/{n}");
                for (way, _) in ways.iter().filter(|it| f64::from(n) < it.1) {
                    let values = [page.as_str(), "mobile", way];
                    store.add(names::PAGE_VIEWS, app, &values, 1.0, 1);
                }
            }
        };
        let mut store = Store::default();
        flood(&mut store, &app("shop"));
        assert_eq!(store.len(), MAX_PER_FAMILY);
        for (way, sum) in ways {
            assert_eq!(of(&store, way), sum, "{way}");
        }
        // The same in an environment that finds no place at all.
        for n in 0..MAX_ENVIRONMENTS {
            let environment = format!("x{n}");
            let app = App {
                environment,
                ..app("blog")
            };
            store.add(names::SESSIONS, &app, &["mobile", ""], 1.0, 1);
        }
        let crowded = App {
            environment: "one more".into(),
            ..app("blog")
        };
        flood(&mut store, &crowded);
        for (way, sum) in ways {
            let sessions = if way.is_empty() { MAX_ENVIRONMENTS } else { 0 };
            assert_eq!(of(&store, way), 2.0 * sum + sessions as f64, "{way}");
        }
    }

    #[test]
    fn clients_cannot_mint_apps_without_end() {
        let mut store = Store::default();
        for n in 0..1_000 {
            store.add(
                names::SESSIONS,
                &app(&format!("app{n}")),
                &["mobile"],
                1.0,
                1,
            );
        }
        assert_eq!(store.len(), MAX_APPS + 1);
        assert_eq!(total(&store), 1_000.0);
    }

    #[test]
    fn environments_that_a_stranger_makes_up_take_no_room_from_other_apps() {
        let of = |name: &str, environment: String| App {
            environment,
            ..app(name)
        };
        let mut store = Store::default();
        for n in 0..1_000 {
            let flooded = of("blog", format!("x{n}"));
            for kind in 0..500 {
                store.add(names::EXCEPTIONS, &flooded, &[&format!("E{kind}")], 1.0, 1);
            }
        }
        let overflow = |store: &Store| {
            let of_all = store.sorted().into_iter();
            let of_app = |it: &&Series| it.overflow && it.app.environment.is_empty();
            let of_all = of_all.filter(of_app).cloned();
            of_all.collect::<Vec<_>>()
        };
        let theirs = overflow(&store);
        assert_eq!(theirs.len(), 1);
        assert_eq!(
            (
                theirs[0].app.name.as_str(),
                theirs[0].app.environment.as_str()
            ),
            ("blog", "")
        );
        assert_eq!(theirs[0].value, Value::Sum(984.0 * 500.0));
        for n in 0..1_000 {
            store.add(
                names::PAGE_VIEWS,
                &of("shop", "staging".into()),
                &[&format!("/{}", n % 400)],
                1.0,
                1,
            );
        }
        let own = store
            .sorted()
            .into_iter()
            .filter(|it| it.app.name == "shop");
        assert_eq!(own.filter(|it| !it.overflow).count(), 400);
        assert_eq!(overflow(&store).len(), 1);
        assert_eq!(total(&store), 501_000.0);
    }

    #[test]
    fn what_was_stored_as_two_series_of_one_key_is_their_sum() {
        let mut store = Store::default();
        for (sum, start_ns) in [(2.0, 5), (3.0, 4)] {
            store.insert(Series {
                family: names::SESSIONS,
                app: app("blog"),
                values: vec![String::new()],
                overflow: true,
                value: Value::Sum(sum),
                start_ns,
                touched_ns: start_ns + 2,
                exemplar: None,
            });
        }
        let sorted = store.sorted();
        assert_eq!(sorted.len(), 1);
        assert_eq!(sorted[0].value, Value::Sum(5.0));
        assert_eq!((sorted[0].start_ns, sorted[0].touched_ns), (4, 7));
    }

    #[test]
    fn an_app_has_one_overflow_of_its_own_and_of_environments_that_find_no_room() {
        let mut store = Store::default();
        for n in 0..600 {
            let page = format!("/{n}");
            store.add(names::PAGE_VIEWS, &app("shop"), &[&page, "", ""], 1.0, 1);
        }
        for n in 0..MAX_ENVIRONMENTS + 1 {
            let environment = format!("x{n}");
            let made_up = App {
                environment,
                ..app("shop")
            };
            store.add(names::PAGE_VIEWS, &made_up, &["/", "", ""], 1.0, 1);
        }
        let sorted = store.sorted();
        let overflows: Vec<_> = sorted.iter().filter(|it| it.overflow).collect();
        let own = (MAX_PER_FAMILY - MAX_OVERFLOWS) as f64;
        assert_eq!(overflows.len(), 1);
        assert_eq!(overflows[0].value, Value::Sum(600.0 - own + 1.0));
    }

    #[test]
    fn one_app_has_half_of_all_series_at_most() {
        let mut store = Store::default();
        let flood = |store: &mut Store, name: &str| {
            for n in 0..MAX_SERIES {
                let environment = format!("{}", n % MAX_ENVIRONMENTS);
                let app = App {
                    environment,
                    ..app(name)
                };
                for family in [names::PAGE_VIEWS, names::EXCEPTIONS, names::SESSIONS] {
                    store.add(family, &app, &[&format!("{n}")], 1.0, 1);
                }
            }
        };
        flood(&mut store, "blog");
        assert_eq!(store.len(), MAX_SERIES / 2 + 3 * MAX_ENVIRONMENTS);
        flood(&mut store, "shop");
        let own = store
            .sorted()
            .into_iter()
            .filter(|it| it.app.name == "shop");
        assert!(own.count() > MAX_SERIES / 5);
        assert!(store.len() < MAX_SERIES);
    }

    #[test]
    fn nothing_mints_more_series_than_there_may_be() {
        let mut store = Store::default();
        let families = FAMILIES.len();
        let mut added = 0.0;
        for n in 0..400_000 {
            let app = App {
                environment: format!("{}", n / 300 % 20),
                ..app(&format!("app{}", n % 300))
            };
            let family = names::Id::named(FAMILIES[n % families].name).expect("a family");
            if family.family().kind == Kind::Counter {
                added += 1.0;
            }
            store.add(family, &app, &[&format!("{}", n / 6_000)], 1.0, 1);
        }
        assert!(
            store.len() <= MAX_SERIES + (MAX_APPS + 1) * families * MAX_OVERFLOWS,
            "{}",
            store.len()
        );
        assert_eq!(total(&store), added);
        assert_eq!(store.names.values().sum::<usize>(), store.len());
    }

    #[test]
    fn a_series_that_nobody_adds_to_is_let_go_and_makes_room() {
        let mut store = Store::default();
        for n in 0..MAX_PER_FAMILY {
            store.add(names::EXCEPTIONS, &app("shop"), &[&format!("E{n}")], 1.0, 1);
        }
        let all = store.len();
        assert!(store.sorted().iter().any(|it| it.overflow));
        assert_eq!(store.forget_stale(STALE_NS, 1), 0);
        assert_eq!(store.forget_stale(STALE_NS + 1, 1), all);
        store.add(names::EXCEPTIONS, &app("shop"), &["E"], 1.0, STALE_NS + 1);
        assert_eq!(store.sorted()[0].start_ns, STALE_NS + 1);
        assert!(!store.sorted()[0].overflow);
    }

    #[test]
    fn a_series_that_somebody_does_not_know_in_full_stays_for_a_week() {
        let mut store = Store::default();
        store.add(names::SESSIONS, &app("shop"), &["mobile"], 1.0, 10);
        store.add(names::SESSIONS, &app("shop"), &["tablet"], 1.0, 20);
        assert_eq!(store.forget_stale(STALE_NS + 20, 19), 1);
        assert_eq!(store.forget_stale(STALE_UNTOLD_NS + 19, 19), 0);
        assert_eq!(store.forget_stale(STALE_UNTOLD_NS + 20, 19), 1);
        assert_eq!(store.len(), 0);
    }

    #[test]
    fn the_exemplar_that_came_last_stands() {
        let mut store = Store::default();
        let times = [None, Some(40), Some(20), None, Some(41), Some(41)];
        let mut stand = Vec::new();
        for (at, time_ns) in times.into_iter().enumerate() {
            let exemplar = time_ns.map(|time_ns| Exemplar {
                trace_id: [1; 16],
                span_id: None,
                value: at as f64,
                time_ns,
            });
            store.add_traced(names::SESSIONS, &app("shop"), &["", ""], 1.0, 50, exemplar);
            let stands = store.sorted()[0].exemplar;
            stand.push(stands.map(|it| (it.time_ns, it.value)));
        }
        let first = Some((40, 1.0));
        let want = [None, first, first, first, Some((41, 4.0)), Some((41, 5.0))];
        assert_eq!(stand, want);
    }

    #[test]
    fn long_values_and_the_separator_make_no_second_series_each_time() {
        let mut store = Store::default();
        let long = format!("a\u{1f}{}", "x".repeat(500));
        for _ in 0..3 {
            store.add(names::EXCEPTIONS, &app("shop"), &[&long], 1.0, 1);
        }
        assert_eq!(store.len(), 1);
        assert_eq!(total(&store), 3.0);
    }
}
