//! A request of OTLP that was passed on can hold what several browsers said. What is known of each then stands on its own records and
//! spans, where else it stands in the meta once.

use std::collections::BTreeSet;

use farol_protocol::map::Attributes;
use farol_protocol::names::attr;
use farol_protocol::payload::Payload;
use farol_protocol::span::Resource;
use farol_protocol::value::Value;

use super::user_agent::Agents;

/// User agents that are read, of one request: some 50 µs for one that is new. Relays send by the second, and so many people seldom
/// say something in one.
const MOST: usize = 256;

/// Puts on each record and span what its resource's user agent tells, where it does not say it itself.
pub(super) fn tell(agents: &Agents, payload: &mut Payload) {
    let mut texts = BTreeSet::new();
    let mut next = |resource: &Resource| -> Vec<(&'static str, Value)> {
        let Some(Value::Text(text)) = resource.attributes.get(attr::USER_AGENT_ORIGINAL) else {
            return Vec::new();
        };
        if text.is_empty() || (texts.len() == MOST && !texts.contains(text)) {
            return Vec::new();
        }
        texts.insert(text.clone());
        let mut told = told(agents, text);
        told.retain(|(name, _)| !says(&resource.attributes, name));
        told
    };
    for group in &mut payload.traces.resource_spans {
        let told = next(&group.resource);
        let scopes = group.scope_spans.iter_mut();
        scopes
            .flat_map(|it| &mut it.spans)
            .for_each(|it| put(&told, &mut it.attributes));
    }
    for group in &mut payload.otlp.resource_logs {
        let told = next(&group.resource);
        let scopes = group.scope_logs.iter_mut();
        scopes
            .flat_map(|it| &mut it.log_records)
            .for_each(|it| put(&told, &mut it.attributes));
    }
}

fn told(agents: &Agents, text: &str) -> Vec<(&'static str, Value)> {
    let seen = agents.see(text);
    let agent = seen.agent();
    let os = agent.os();
    let texts = [
        (attr::USER_AGENT_NAME, agent.name.as_str()),
        (attr::USER_AGENT_VERSION, &agent.version),
        (attr::BROWSER_PLATFORM, &os),
        (
            attr::USER_AGENT_SYNTHETIC,
            if seen.bot { "bot" } else { "" },
        ),
    ];
    let texts = texts.into_iter().filter(|(_, text)| !text.is_empty());
    let texts = texts.map(|(name, text)| (name, Value::from(text)));
    let mobile = (agent.mobile).map(|it| (attr::BROWSER_MOBILE, Value::Bool(it)));
    texts.chain(mobile).collect()
}

fn put(told: &[(&'static str, Value)], attributes: &mut Attributes) {
    let missing = |it: &&(&str, Value)| !says(attributes, it.0);
    let missing: Vec<_> = told.iter().filter(missing).collect();
    for (name, value) in missing {
        attributes.set(*name, value.clone());
    }
}

/// Whether something is said already. A version belongs to its name: one of ours never goes beside one of theirs.
fn says(attributes: &Attributes, name: &str) -> bool {
    let name = match name {
        attr::USER_AGENT_VERSION => attr::USER_AGENT_NAME,
        name => name,
    };
    attributes.get(name).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_item_or_its_resource_says_itself_stays() {
        let agent = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1";
        let body = format!(
            r#"{{"farol.otlp":{{"resourceLogs":[{{"resource":{{"attributes":[{{"key":"user_agent.original","value":{{"stringValue":"{agent}"}}}},
            {{"key":"browser.mobile","value":{{"boolValue":false}}}}]}},"scopeLogs":[{{"logRecords":[{{"attributes":[
            {{"key":"user_agent.name","value":{{"stringValue":"Own"}}}}]}},{{}}]}}]}}]}}}}"#
        );
        let mut payload = Payload::decode(body.as_bytes()).unwrap();
        tell(&Agents::default(), &mut payload);
        let said: Vec<Vec<_>> = (payload.records())
            .map(|(_, _, _, record)| {
                let sorted = record.attributes.sorted().into_iter();
                sorted.map(|(name, it)| (name, it.to_text())).collect()
            })
            .collect();
        let text = |name, text: &str| (name, text.to_owned());
        assert_eq!(
            said[0],
            [
                text("browser.platform", "iOS 17.5"),
                text("user_agent.name", "Own")
            ]
        );
        assert_eq!(
            said[1],
            [
                text("browser.platform", "iOS 17.5"),
                text("user_agent.name", "Safari"),
                text("user_agent.version", "17.5")
            ]
        );
    }

    #[test]
    fn only_so_many_are_read() {
        let resource = |n: usize| {
            format!(
                r#"{{"resource":{{"attributes":[{{"key":"user_agent.original","value":{{"stringValue":"Mozilla/5.0 Firefox/{n}.0"}}}}]}},
                "scopeSpans":[{{"spans":[{{"name":"s"}}]}}]}}"#
            )
        };
        let resources: Vec<_> = (0..MOST + 1).map(resource).collect();
        let body = format!(
            r#"{{"traces":{{"resourceSpans":[{}]}}}}"#,
            resources.join(",")
        );
        let mut payload = Payload::decode(body.as_bytes()).unwrap();
        tell(&Agents::default(), &mut payload);
        let named = payload.items().filter(|(_, item)| match item {
            farol_protocol::item::Item::Span(_, _, span) => !span.attributes.is_empty(),
            _ => false,
        });
        assert_eq!(named.count(), MOST);
    }
}
