//! Which of the metrics that are made here are a destination's concern: those of apps whose items it could get. Metrics have their app and nothing
//! else that a condition could ask for, so that a condition over kinds or texts takes none away.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::aggregate::Snapshot;
use crate::condition::Condition;

/// What a destination's condition says of metrics.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Concern {
    pub(crate) when: Option<Condition>,
    /// Tenants of declared apps.
    pub(crate) tenants: BTreeMap<String, String>,
}

impl Concern {
    /// What of a snapshot goes there.
    pub(super) fn of<'a>(&self, snapshot: &'a Snapshot) -> Cow<'a, Snapshot> {
        let Some(when) = &self.when else {
            return Cow::Borrowed(snapshot);
        };
        let wanted = |app: &str| {
            let tenant = self.tenants.get(app).map_or("", String::as_str);
            when.may_hold(app, tenant)
        };
        let series = snapshot.series.iter().filter(|it| wanted(&it.app.name));
        Cow::Owned(Snapshot {
            series: series.cloned().collect(),
            ..snapshot.clone()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregate::snapshot_of;

    #[test]
    fn a_destination_gets_the_metrics_of_apps_whose_items_it_could_get() {
        let rows: [(&str, &str, &[&str], f64); 3] = [
            ("shop", "farol.sessions", &[], 1.0),
            ("bank", "farol.sessions", &[], 1.0),
            ("", "farol.sessions", &[], 1.0),
        ];
        let snapshot = snapshot_of(&rows, 1, 2);
        let apps = |when: Option<&str>| {
            let concern = Concern {
                when: when.map(|text| Condition::parse(text).unwrap()),
                tenants: BTreeMap::from([("bank".into(), "b".into())]),
            };
            let mut apps: Vec<String> = (concern.of(&snapshot).series.iter())
                .map(|it| it.app.name.clone())
                .collect();
            apps.sort();
            apps
        };
        assert_eq!(apps(None), ["", "bank", "shop"]);
        assert_eq!(apps(Some(r#"kind == "log""#)), ["", "bank", "shop"]);
        assert_eq!(apps(Some(r#"app == "shop" && kind == "log""#)), ["shop"]);
        assert_eq!(apps(Some(r#"tenant == "b""#)), ["bank"]);
    }
}
