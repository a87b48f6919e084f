//! Texts with `{app}`, `{tenant}`, `{signal}` and `{kind}` in them: headers and tags that say of items whose they are. A batch is divided by what they
//! come to.

use std::collections::BTreeMap;

use farol_protocol::Kind;
use farol_protocol::names::attr;

use xxhash_rust::xxh3::Xxh3;

use super::destination;
use super::document::{attributes_of, text_of};
use super::group::Place;
use super::{Batch, Signal};
use crate::config::Tenants;

/// A text with places for what an item is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    App,
    Tenant,
    Signal,
    Kind,
}

/// What stands for names that are no kinds.
const OTHER: &str = "other";

/// What an item is of.
struct About<'a> {
    app: &'a str,
    tenant: &'a str,
    signal: &'static str,
    kind: &'a str,
}

impl Template {
    /// Reads one. An error says what would have been right.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once('{') {
            let Some((name, after)) = behind.split_once('}') else {
                return Err("a brace is not closed".to_owned());
            };
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            parts.push(match name {
                "app" => Part::App,
                "tenant" => Part::Tenant,
                "signal" => Part::Signal,
                "kind" => Part::Kind,
                other => {
                    return Err(format!(
                        "{{{other}}} is nothing that an item has; use {{app}}, {{tenant}}, {{signal}}, {{kind}}"
                    ));
                }
            });
            rest = after;
        }
        if rest.contains('}') {
            return Err("a brace is closed that nothing opened".to_owned());
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        Ok(Self(parts))
    }

    /// Whether it says the same of every item.
    pub(crate) fn is_plain(&self) -> bool {
        self.0.iter().all(|part| matches!(part, Part::Text(_)))
    }

    /// What stands in it as it is.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|part| match part {
            Part::Text(text) => Some(text.as_str()),
            _ => None,
        })
    }

    fn of(&self, item: &About<'_>) -> String {
        let part = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::App => word(item.app),
            Part::Tenant => word(item.tenant),
            Part::Signal => item.signal.to_owned(),
            Part::Kind => word(item.kind),
        };
        self.0.iter().map(part).collect()
    }
}

/// What some templates come to, and the places of the items of which they say it.
pub(crate) type Share = (Vec<String>, Vec<usize>);

/// A batch by what the templates come to.
pub(crate) fn divide(templates: &[&Template], tenants: &Tenants, batch: &Batch) -> Vec<Share> {
    if templates.iter().all(|it| it.is_plain()) {
        let nobody = About {
            app: "",
            tenant: "",
            signal: "",
            kind: "",
        };
        let texts = templates.iter().map(|it| it.of(&nobody)).collect();
        return vec![(texts, (0..batch.len()).collect())];
    }
    let signal = batch.signal();
    let own = match signal {
        Signal::Traces => "span",
        Signal::Logs => "log",
        Signal::Metrics => OTHER,
    };
    let mut shares: BTreeMap<Vec<String>, Vec<usize>> = BTreeMap::new();
    for (at, (place, attributes)) in attributes_of(batch).enumerate() {
        let app = app(place);
        let item = About {
            app,
            tenant: tenants.get(app).map_or("", String::as_str),
            signal: signal.as_str(),
            kind: text_of(attributes, attr::ITEM_KIND).map_or(own, kind),
        };
        let texts = templates.iter().map(|it| it.of(&item)).collect();
        shares.entry(texts).or_default().push(at);
    }
    shares.into_iter().collect()
}

/// Shares by number, for those who only ask which is which.
pub(crate) fn numbered(shares: Vec<Share>) -> Vec<destination::Share> {
    let number = |texts: &[String]| {
        let mut hash = Xxh3::new();
        for text in texts {
            hash.update(text.as_bytes());
            hash.update(&[0xff]);
        }
        hash.digest()
    };
    let shares = shares.into_iter();
    shares.map(|(texts, at)| (number(&texts), at)).collect()
}

/// The app that an item is of: the service of its resource.
pub(crate) fn app(place: Place<'_>) -> &str {
    let attributes = place.resource.map_or(&[][..], |it| &it.attributes);
    text_of(attributes, attr::SERVICE_NAME).unwrap_or("unknown_service")
}

/// One of the kinds that there are: who sends OTLP may write anything, and each text is a request and a tag of its own.
fn kind(said: &str) -> &'static str {
    let mut known = Kind::ALL.iter().map(|it| it.name());
    known.find(|it| *it == said).unwrap_or(OTHER)
}

/// What of a name may stand in a header or a tag: dots divide tags, and a header ends at the line.
fn word(name: &str) -> String {
    /// Fluentd and most servers stop far behind this.
    const MOST: usize = 128;
    let plain = |c: char| match c {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '_' => c,
        _ => '_',
    };
    name.chars().take(MOST).map(plain).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::export::batch::Source;
    use crate::export::samples;

    #[test]
    fn a_batch_is_divided_by_what_its_items_are_of() {
        let services = ["shop", "bank\r\nx: y", "shop"];
        let sources = services.map(|it| Source::Record(Arc::new(samples::log(it, "m"))));
        let batch = Batch::new(Signal::Logs, sources.into());
        let tag = Template::parse("rum.{app}.{tenant}.{signal}.{kind}").unwrap();
        let tenants = Tenants::from([("shop".into(), "t".into())]);
        let shares = divide(&[&tag], &tenants, &batch);
        let want = [
            (vec!["rum.bank__x__y..logs.log".to_owned()], vec![1]),
            (vec!["rum.shop.t.logs.log".to_owned()], vec![0, 2]),
        ];
        assert_eq!(shares, want);
        let plain = Template::parse("rum").unwrap();
        assert_eq!(
            divide(&[&plain], &tenants, &batch),
            [(vec!["rum".to_owned()], vec![0, 1, 2])]
        );
    }

    #[test]
    fn a_kind_is_one_of_those_that_there_are() {
        let of = |kind: &str| {
            let mut otlp = samples::log("shop", "m");
            let attributes = &mut otlp.logs[0].scope_logs[0].log_records[0].attributes;
            attributes.retain(|it| it.key != attr::ITEM_KIND);
            attributes.push(samples::string(attr::ITEM_KIND, kind));
            let batch = Batch::new(Signal::Logs, vec![Source::Record(Arc::new(otlp))]);
            let kind = Template::parse("{kind}").unwrap();
            divide(&[&kind], &Tenants::new(), &batch)[0].0.concat()
        };
        for (said, want) in [("exception", "exception"), ("a1b2", "other")] {
            assert_eq!(of(said), want);
        }
    }

    #[test]
    fn what_no_item_has_is_named() {
        for (text, want) in [
            ("{ap}", "{app}"),
            ("a{app", "not closed"),
            ("a}", "nothing opened"),
        ] {
            let error = Template::parse(text).unwrap_err();
            assert!(error.contains(want), "{error}");
        }
    }
}
