//! The settings of what is made of the data: for all apps, and over them those of one; attributes by rule; where clients are looked up.

use std::collections::HashSet;
use std::path::PathBuf;

use super::{Built, filter, required_name, scrub};
use crate::config::AppData;
use crate::config::read::Section;
use crate::enrich::add::Rule;
use crate::enrich::geo::{Detail, Settings};
use crate::enrich::{AddressUse, Template};

/// Templates of one app. Each address is held against them one after the other.
const MOST_ROUTES: usize = 512;
/// Rules that put attributes; each is asked of each item.
const MOST_RULES: usize = 64;
/// Attributes of one rule: each is stored with every item.
const MOST_SET: usize = 16;

const USES: &[(&str, AddressUse)] = &[
    ("drop", AddressUse::Drop),
    ("truncate", AddressUse::Truncate),
];

const DETAILS: &[(&str, Detail)] = &[
    ("country", Detail::Country),
    ("region", Detail::Region),
    ("city", Detail::City),
];

/// What an app's data goes through.
pub(super) fn data(section: &Section<'_>, base: &AppData) -> Built<AppData> {
    Ok(AppData {
        scrub: scrub::rules(section.section("scrub")?, &base.scrub)?,
        client_address: section
            .word("client_address", USES)?
            .unwrap_or(base.client_address),
        routes: routes(section)?.unwrap_or_else(|| base.routes.clone()),
    })
}

fn routes(section: &Section<'_>) -> Built<Option<Vec<Template>>> {
    let Some(texts) = section.texts("routes")? else {
        return Ok(None);
    };
    if texts.len() > MOST_ROUTES {
        let problem = format!("more than {MOST_ROUTES}; put some together with {{name}} or **");
        return Err(section.wrong("routes", problem));
    }
    let template = |text: &String| {
        let template = Template::parse(text);
        template.map_err(|problem| section.wrong("routes", format!("{text:?}: {problem}")))
    };
    texts.iter().map(template).collect::<Built<_>>().map(Some)
}

/// Attributes by rule.
pub(super) fn attributes(root: &Section<'_>) -> Built<Vec<Rule>> {
    let mut known = HashSet::new();
    let mut rules = Vec::new();
    for section in root.entries("attributes")?.unwrap_or_default() {
        let name = required_name(&section)?;
        if !known.insert(name.clone()) {
            return Err(section.wrong("name", "two rules have this name; give each its own"));
        }
        let when = filter::condition(&section, "when")?;
        let set = section.pairs("set")?.unwrap_or_default();
        if set.is_empty() {
            return Err(section.missing("set", "write set = { team = \"checkout\" }"));
        }
        if set.len() > MOST_SET {
            return Err(section.wrong("set", format!("at most {MOST_SET}")));
        }
        names(&section, "set", &set)?;
        section.finish()?;
        let set = set.into_iter().collect();
        rules.push(Rule { name, when, set });
    }
    if rules.len() > MOST_RULES {
        let problem = format!("more than {MOST_RULES}; put some together with ||");
        return Err(root.wrong("attributes", problem));
    }
    Ok(rules)
}

/// Names that the operator gives to attributes.
pub(super) fn names(
    section: &Section<'_>,
    key: &'static str,
    pairs: &[(String, String)],
) -> Built<()> {
    let name = |name: &str| {
        !name.is_empty()
            && name.len() <= farol_protocol::limits::KEY_BYTES
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
    };
    if let Some((bad, _)) = pairs.iter().find(|(key, _)| !name(key)) {
        let problem = format!("{bad:?} is no attribute's name; use letters, digits, dots, - and _");
        return Err(section.wrong(key, problem));
    }
    Ok(())
}

/// Where clients are looked up.
pub(super) fn geo(section: Section<'_>) -> Built<Settings> {
    let settings = Settings {
        database: section.text("database")?.map(PathBuf::from),
        networks: section.text("networks")?.map(PathBuf::from),
        detail: section.word("detail", DETAILS)?.unwrap_or_default(),
    };
    if settings.files().any(|path| path.as_os_str().is_empty()) {
        return Err(section.wrong("database", "name a file, or leave it out"));
    }
    section.finish()?;
    Ok(settings)
}
