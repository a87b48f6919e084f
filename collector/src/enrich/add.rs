//! Attributes that the operator puts on what a condition holds for.

use std::collections::BTreeMap;

use farol_protocol::payload::Payload;

use crate::condition::{Condition, Ground};

/// Which attributes, on what.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Its name, for people.
    pub name: String,
    /// What gets them; everything where there is none.
    pub when: Option<Condition>,
    /// The attributes.
    pub set: BTreeMap<String, String>,
}

/// Puts the attributes on the items; of two rules that set one attribute the later counts. Conditions see what came before them.
pub(super) fn apply(rules: &[Rule], app: &str, tenant: &str, payload: &mut Payload) {
    for rule in rules {
        let Some(when) = &rule.when else {
            for (name, value) in &rule.set {
                payload
                    .farol
                    .added
                    .set(name.as_str(), value.as_str().into());
            }
            continue;
        };
        let ground = Ground {
            app,
            tenant,
            payload,
        };
        let held: Vec<bool> = (ground.subjects())
            .map(|(_, subject)| when.holds(&subject))
            .collect();
        if held.contains(&true) {
            put(&rule.set, &held, payload);
        }
    }
}

/// `held` says of each item in the order of [`Ground::subjects`] whether it gets them.
fn put(set: &BTreeMap<String, String>, held: &[bool], payload: &mut Payload) {
    let mut held = held.iter();
    let mut next = || held.next() == Some(&true);
    macro_rules! each {
        ($items:expr, $attributes:ident) => {
            for item in $items {
                if next() {
                    for (name, value) in set {
                        item.$attributes.set(name.as_str(), value.as_str().into());
                    }
                }
            }
        };
    }
    each!(&mut payload.logs, context);
    each!(&mut payload.exceptions, context);
    each!(&mut payload.measurements, context);
    each!(&mut payload.events, attributes);
    for resource in &mut payload.traces.resource_spans {
        for scope in &mut resource.scope_spans {
            each!(&mut scope.spans, attributes);
        }
    }
    for resource in &mut payload.otlp.resource_logs {
        for scope in &mut resource.scope_logs {
            each!(&mut scope.log_records, attributes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_get_what_the_rules_say_of_them() {
        let rule = |when: Option<&str>, name: &str, value: &str| Rule {
            name: name.into(),
            when: when.map(|text| Condition::parse(text).unwrap()),
            set: [(name.to_owned(), value.to_owned())].into(),
        };
        let rules = [
            rule(None, "region", "eu"),
            rule(
                Some(r#"kind == "log" && message =~ "pay*""#),
                "team",
                "checkout",
            ),
            rule(Some(r#"attributes["team"] == "checkout""#), "page", "yes"),
            rule(
                Some(r#"kind == "span" && attributes["region"] == "eu""#),
                "team",
                "web",
            ),
        ];
        let body = r#"{"logs":[{"message":"a","context":{"team":"forged"}},{"message":"payment","context":{"team":"forged"}}],"events":[{"name":"e"}],
            "traces":{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331","name":"s"}]}]}]}}"#;
        let limits = crate::decode::Limits::default();
        let mut payload = crate::decode::faro(body.as_bytes(), &limits)
            .unwrap()
            .payload;
        apply(&rules, "shop", "", &mut payload);
        let text = |index: usize, name| {
            payload.logs[index]
                .context
                .get(name)
                .and_then(|v| v.as_str())
        };
        assert_eq!((text(0, "team"), text(0, "page")), (Some("forged"), None));
        assert_eq!(
            (text(1, "team"), text(1, "page")),
            (Some("checkout"), Some("yes"))
        );
        let span = &payload.traces.resource_spans[0].scope_spans[0].spans[0];
        assert_eq!(
            span.attributes.get("team").and_then(|v| v.as_str()),
            Some("web")
        );
        assert!(payload.events[0].attributes.is_empty());
        assert_eq!(
            payload.farol.added.get("region").and_then(|v| v.as_str()),
            Some("eu")
        );
    }
}
