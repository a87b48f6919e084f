use super::super::series::Value;
use super::*;

const CLS: u8 = 4;
const HOLD_NS: u64 = 600;

fn report(key: u128, value: f64, made_ns: u64, touched_ns: u64) -> Report {
    Report {
        key,
        app: App {
            name: "shop".into(),
            ..App::default()
        },
        vital: CLS,
        value,
        made_ns,
        touched_ns,
        exemplar: None,
        labels: Labels {
            route: "/".into(),
            rating: "good".into(),
            ..Labels::default()
        },
    }
}

/// Count and sum of CLS.
fn cls(store: &Store) -> (u64, f64) {
    let found = store.sorted().into_iter().find(|it| it.family == Id(12));
    match found.map(|it| it.value.clone()) {
        Some(Value::Histogram(it)) => (it.count, it.sum),
        _ => (0, 0.0),
    }
}

#[test]
fn the_last_report_of_a_visit_counts_and_once() {
    let (mut held, mut store) = (Held::default(), Store::default());
    held.take(report(1, 0.1, 10, 100), true, &mut store);
    held.take(report(1, 0.3, 20, 500), false, &mut store);
    assert!(!held.settle(&mut store, 500 + HOLD_NS - 1, HOLD_NS));
    assert_eq!(cls(&store), (0, 0.0));
    assert!(held.settle(&mut store, 500 + HOLD_NS, HOLD_NS));
    assert_eq!(cls(&store), (1, 0.3));
    assert_eq!(held.len(), 0);
    let outcomes = held.outcomes;
    assert_eq!((outcomes.settled, outcomes.replaced), (1, 1));
}

#[test]
fn a_report_that_is_overtaken_on_the_way_does_not_stand() {
    let (mut held, mut store) = (Held::default(), Store::default());
    held.take(report(1, 0.3, 20, 100), true, &mut store);
    held.take(report(1, 0.1, 10, 101), true, &mut store);
    held.settle(&mut store, 101 + HOLD_NS, HOLD_NS);
    assert_eq!(cls(&store), (1, 0.3));
}

#[test]
fn what_comes_after_its_visit_was_counted_is_late_and_changes_nothing() {
    let (mut held, mut store) = (Held::default(), Store::default());
    held.take(report(1, 0.1, 10, 100), true, &mut store);
    held.settle(&mut store, 100 + HOLD_NS, HOLD_NS);
    held.take(report(1, 0.3, 20, 5_000), false, &mut store);
    held.settle(&mut store, 50_000, HOLD_NS);
    assert_eq!(cls(&store), (1, 0.1));
    assert_eq!(held.outcomes.late, 1);
}

#[test]
fn a_visit_that_counted_with_nothing_is_not_counted_again_by_what_came_to_it_later() {
    let (mut held, mut store) = (Held::default(), Store::default());
    held.take(report(1, 0.0, 10, 100), true, &mut store);
    held.settle(&mut store, 100 + HOLD_NS, HOLD_NS);
    // All of it was added since the report before, as of one that is the first.
    held.take(report(1, 0.2, 20, 5_000), true, &mut store);
    held.settle(&mut store, 50_000, HOLD_NS);
    assert_eq!(cls(&store), (1, 0.0));
    assert_eq!(held.outcomes.late, 1);
    // Without a wait.
    let (mut held, mut store) = (Held::default(), Store::default());
    for (value, touched) in [(0.0, 100), (0.2, 5_000)] {
        held.at_once(&report(1, value, touched, touched), true, &mut store);
    }
    assert_eq!(cls(&store), (1, 0.0));
}

#[test]
fn the_trace_of_a_vital_is_that_of_a_1_in_its_rating() {
    let mut store = Store::default();
    let traced = Report {
        exemplar: Some(Exemplar {
            trace_id: [1; 16],
            span_id: None,
            value: 0.3,
            time_ns: 10,
        }),
        ..report(1, 0.3, 10, 100)
    };
    traced.count(&mut store, 100);
    let value = |family| {
        let found = store.sorted().into_iter().find(|it| it.family == family);
        found.and_then(|it| it.exemplar).map(|it| it.value)
    };
    assert_eq!((value(Id(12)), value(RATINGS)), (Some(0.3), Some(1.0)));
}

#[test]
fn where_room_is_short_the_oldest_count_early_and_none_is_lost() {
    let (mut held, mut store) = (Held::default(), Store::default());
    let all = MAX_HELD as u64 + 50;
    for n in 0..all {
        held.take(report(u128::from(n), 1.0, n, n), true, &mut store);
    }
    assert_eq!(held.len(), MAX_HELD);
    assert_eq!(held.outcomes.early, 50);
    assert_eq!(cls(&store).0, 50);
    held.settle(&mut store, u64::MAX, HOLD_NS);
    assert_eq!(cls(&store).0, all);
}

#[test]
fn a_visit_that_reports_without_end_takes_no_more_room() {
    let (mut held, mut store) = (Held::default(), Store::default());
    for n in 0..5 * MAX_HELD as u64 {
        held.take(report(1, 1.0, n, n), n == 0, &mut store);
    }
    assert_eq!(held.len(), 1);
    assert!(held.order.len() <= 2 * MAX_HELD + 1);
}

#[test]
fn visits_that_report_often_at_a_moment_or_by_a_clock_that_is_set_back_take_no_more_room() {
    let by_payload = |n: u64| (n / 2_000, n / 2_000);
    let to_and_fro = |n: u64| (n % 2, n % 3);
    for (name, of) in [
        ("at a moment", &by_payload as &dyn Fn(u64) -> (u64, u64)),
        ("to and fro", &to_and_fro),
    ] {
        let (mut held, mut store) = (Held::default(), Store::default());
        for n in 0..5 * MAX_HELD as u64 {
            let (key, touched) = of(n);
            held.take(report(key.into(), 1.0, n, touched), true, &mut store);
            assert!(held.order.len() <= 2 * MAX_HELD, "{name}: {n}");
        }
        // An entry for each of the three times of a visit at most.
        assert!(held.order.len() <= 3 * held.len(), "{name}");
        let visits = held.len() as u64;
        held.settle(&mut store, 10_000, HOLD_NS);
        assert_eq!((held.len(), cls(&store).0), (0, visits), "{name}");
    }
}

#[test]
fn what_is_stored_goes_on_waiting_where_it_was() {
    let (mut held, mut store) = (Held::default(), Store::default());
    held.take(report(u128::MAX, 0.2, 20, 200), true, &mut store);
    held.take(report(1, 0.1, 10, 100), true, &mut store);
    let text = serde_json::to_string(&held.rows()).unwrap();
    let mut again = Held::restore(serde_json::from_str(&text).unwrap());
    assert_eq!(again.rows(), held.rows());
    assert_eq!(again.due(0, HOLD_NS), Some(100 + HOLD_NS));
    again.settle(&mut store, 100 + HOLD_NS, HOLD_NS);
    assert_eq!(cls(&store), (1, 0.1));
}

#[test]
fn a_clock_that_is_set_back_keeps_no_report_waiting_for_longer_than_another() {
    const HOURS: u64 = 1_000_000;
    let (mut held, mut store) = (Held::default(), Store::default());
    held.take(report(1, 0.1, 10, HOURS), true, &mut store);
    held.take(report(2, 0.2, 20, 100), true, &mut store);
    assert_eq!(held.due(100, HOLD_NS), Some(100));
    assert!(held.settle(&mut store, 100, HOLD_NS));
    assert_eq!(held.due(100, HOLD_NS), Some(100 + HOLD_NS));
    assert!(held.settle(&mut store, 100 + HOLD_NS, HOLD_NS));
    assert_eq!(cls(&store).0, 2);
    // By less than the wait: none is cut short, and none waits for more than two.
    held.take(report(3, 0.1, 10, 100 + HOLD_NS), true, &mut store);
    held.take(report(4, 0.2, 20, 100), true, &mut store);
    assert!(!held.settle(&mut store, 100 + HOLD_NS, HOLD_NS));
    assert!(held.settle(&mut store, 100 + 2 * HOLD_NS, HOLD_NS));
    assert_eq!(cls(&store).0, 4);
}

#[test]
fn a_text_that_is_stored_whole_is_cut_where_it_is_read() {
    let (mut held, mut store) = (Held::default(), Store::default());
    held.take(report(1, 0.1, 10, 100), true, &mut store);
    let text = serde_json::to_string(&held.rows()).unwrap();
    let long = format!(r#""release":"{}""#, "é".repeat(100_000));
    let text = text.replace(r#""release":"""#, &long);
    assert!(text.len() > 200_000);
    let again = Held::restore(serde_json::from_str(&text).unwrap());
    let release = &again.rows()[0].labels.release;
    assert_eq!(*release, Label::from("é".repeat(MAX_VALUE).as_str()));
}
