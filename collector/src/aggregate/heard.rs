//! A series as its readers hear of it first: at 0. Prometheus and its like count what lies between two values, so that what a series is born
//! with would be no increase to them, and of what is rare that is all there is.

use super::Snapshot;
use super::series::{Series, Value};

impl Snapshot {
    /// When whoever was told this heard of all that there was. Where the clock was set back, that is later than its time.
    pub(crate) fn heard_ns(&self) -> u64 {
        let began = self.series.iter().map(|it| it.start_ns);
        began.fold(self.time_ns, u64::max)
    }

    /// The same with those series at 0 that began after `heard_ns`, which is when somebody heard of all that there was; `None` where none did.
    pub(crate) fn with_zeros(&self, heard_ns: u64) -> Option<Self> {
        let is_new = |it: &Series| it.start_ns > heard_ns;
        if !self.series.iter().any(is_new) {
            return None;
        }
        let said = |it: &Series| match is_new(it) {
            true => it.at_zero(),
            false => it.clone(),
        };
        Some(Self {
            series: self.series.iter().map(said).collect(),
            instance: self.instance.clone(),
            ..*self
        })
    }
}

impl Series {
    fn at_zero(&self) -> Self {
        Self {
            app: self.app.clone(),
            values: self.values.clone(),
            value: Value::zero(self.family.family()),
            exemplar: None,
            ..*self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::snapshot_of;
    use super::*;

    #[test]
    fn what_began_since_is_at_0_under_all_of_its_names() {
        let rows: [(&str, &str, &[&str], f64); 3] = [
            ("shop", "farol.web_vital.lcp", &["/", "mobile", ""], 1_200.0),
            ("shop", "farol.sessions", &["mobile", ""], 2.0),
            ("shop", "farol.page_views", &["/", "mobile", ""], 2.0),
        ];
        let mut snapshot = snapshot_of(&rows, 10, 20);
        snapshot.series[2].start_ns = 5;
        assert!(snapshot.with_zeros(10).is_none());
        let said = snapshot.with_zeros(5).unwrap();
        assert_eq!((said.time_ns, said.series.len()), (20, 3));
        for (said, whole) in said.series.iter().zip(&snapshot.series) {
            assert_eq!((&said.app, &said.values), (&whole.app, &whole.values));
            assert_eq!(said.start_ns, whole.start_ns);
            match (&said.value, &whole.value) {
                (Value::Histogram(said), Value::Histogram(whole)) => {
                    assert_eq!((said.count, said.sum), (0, 0.0));
                    assert_eq!(said.classic, vec![0; whole.classic.len()]);
                }
                (Value::Sum(said), _) if whole.start_ns == 10 => assert_eq!(*said, 0.0),
                (said, whole) => assert_eq!(said, whole),
            }
        }
    }
}
