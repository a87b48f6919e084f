//! What was added between two snapshots: the window that a destination gets that wants deltas.

use std::cmp::Ordering;
use std::sync::Arc;

use super::Snapshot;
use super::series::{Series, Value};

/// What `later` holds beyond `base`. A series that began anew in between is in it whole. Series that nothing was added to are left
/// out, as deltas of nothing are.
pub(crate) fn between(base: &Snapshot, later: &Snapshot) -> Snapshot {
    let mut before = base.series.iter().peekable();
    let mut grown = Vec::new();
    for series in &later.series {
        while before.next_if(|it| order(it, series).is_lt()).is_some() {}
        let known =
            before.next_if(|it| order(it, series).is_eq() && it.start_ns == series.start_ns);
        let value = match (known.map(|it| &it.value), &series.value) {
            (Some(Value::Sum(base)), Value::Sum(sum)) => Value::Sum((sum - base).max(0.0)),
            (Some(Value::Histogram(base)), Value::Histogram(it)) => {
                Value::Histogram(Box::new(it.since(base)))
            }
            _ => series.value.clone(),
        };
        let said = known.and_then(|it| it.exemplar);
        let nothing = match &value {
            Value::Sum(sum) => *sum == 0.0,
            Value::Histogram(histogram) => histogram.count == 0,
        };
        if !nothing {
            grown.push(Series {
                value,
                start_ns: series.start_ns.max(base.time_ns).min(later.time_ns),
                // One of the window before was said with that. Its time does not tell: a report that was held came long before it counts.
                exemplar: (series.exemplar).filter(|it| said != Some(*it)),
                ..series.clone()
            });
        }
    }
    Snapshot {
        series: grown,
        time_ns: later.time_ns,
        instance: Arc::clone(&later.instance),
        unchanged: false,
        delta: true,
    }
}

/// The order in which a snapshot lists its series.
fn order(a: &Series, b: &Series) -> Ordering {
    (&a.app, a.family, a.overflow, &a.values).cmp(&(&b.app, b.family, b.overflow, &b.values))
}

#[cfg(test)]
mod tests {
    use super::super::series::Exemplar;
    use super::super::snapshot_of;
    use super::*;

    type Row = (&'static str, &'static str, &'static [&'static str], f64);

    const A: Row = ("shop", "farol.sessions", &["mobile", ""], 2.0);
    const B: Row = ("shop", "farol.sessions", &["tablet", ""], 1.0);
    const C: Row = ("till", "farol.web_vital.lcp", &["/", "", ""], 100.0);

    fn rows(snapshot: &Snapshot) -> Vec<(String, f64, u64)> {
        let row = |it: &Series| {
            let value = match &it.value {
                Value::Sum(sum) => *sum,
                Value::Histogram(histogram) => histogram.sum,
            };
            (it.values[0].clone(), value, it.start_ns)
        };
        snapshot.series.iter().map(row).collect()
    }

    #[test]
    fn a_window_holds_what_was_added_and_begins_where_the_one_before_ended() {
        let base = snapshot_of(&[A, C], 10, 20);
        let later = snapshot_of(&[A, A, B, C], 10, 30);
        let window = between(&base, &later);
        assert!(window.delta);
        assert_eq!(
            rows(&window),
            [("mobile".into(), 2.0, 20), ("tablet".into(), 1.0, 20)]
        );
        assert_eq!(window.time_ns, 30);
        assert_eq!(rows(&between(&later, &later)), []);
    }

    #[test]
    fn a_series_that_began_anew_is_in_it_whole() {
        let base = snapshot_of(&[A, A, B], 10, 20);
        let later = snapshot_of(&[A, C], 25, 30);
        let window = between(&base, &later);
        assert_eq!(
            rows(&window),
            [("mobile".into(), 2.0, 25), ("/".into(), 100.0, 25)]
        );
    }

    #[test]
    fn the_trace_of_an_older_window_is_not_said_again() {
        let trace = |time_ns| {
            Some(Exemplar {
                trace_id: [1; 16],
                span_id: None,
                value: 1.0,
                time_ns,
            })
        };
        let mut base = snapshot_of(&[A], 10, 20);
        base.series[0].exemplar = trace(15);
        let mut later = snapshot_of(&[A, A], 10, 30);
        // The last came before the window, and was held.
        for (time_ns, said) in [(15, false), (25, true), (5, true)] {
            later.series[0].exemplar = trace(time_ns);
            let window = between(&base, &later);
            assert_eq!(window.series[0].exemplar.is_some(), said, "{time_ns}");
        }
    }

    #[test]
    fn windows_add_up_to_the_whole() {
        let states = [
            snapshot_of(&[], 10, 10),
            snapshot_of(&[A, C], 10, 20),
            snapshot_of(&[A, C, B, C], 10, 30),
            snapshot_of(&[A, C, B, C, A], 10, 40),
        ];
        let sum = |snapshot: &Snapshot| rows(snapshot).iter().map(|it| it.1).sum::<f64>();
        let windows = states.windows(2).map(|two| sum(&between(&two[0], &two[1])));
        assert_eq!(windows.sum::<f64>(), sum(&states[3]));
    }
}
