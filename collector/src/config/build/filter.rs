//! The settings of what is left out.

use std::collections::HashSet;

use super::{Built, required_name};
use crate::condition::Condition;
use crate::config::read::Section;
use crate::filter::Rule;

/// Each rule is asked of each item; a few dozen are what people write.
const MOST: usize = 64;

pub(super) fn filters(root: &Section<'_>) -> Built<Vec<Rule>> {
    let mut names = HashSet::new();
    let mut rules = Vec::new();
    for section in root.entries("filters")?.unwrap_or_default() {
        let name = required_name(&section)?;
        if !names.insert(name.clone()) {
            return Err(section.wrong("name", "two filters have this name; give each its own"));
        }
        let Some(when) = condition(&section, "when")? else {
            let problem =
                "say what is left out, such as when = 'kind == \"log\" && level == \"debug\"'";
            return Err(section.missing("when", problem));
        };
        let keep = section.share("keep")?.unwrap_or(0.0);
        section.finish()?;
        rules.push(Rule { name, when, keep });
    }
    if rules.len() > MOST {
        return Err(root.wrong(
            "filters",
            format!("more than {MOST}; put some together with ||"),
        ));
    }
    Ok(rules)
}

/// A condition, where there is one.
pub(super) fn condition(section: &Section<'_>, key: &'static str) -> Built<Option<Condition>> {
    let Some(text) = section.text(key)? else {
        return Ok(None);
    };
    let condition = Condition::parse(&text);
    condition
        .map(Some)
        .map_err(|problem| section.wrong(key, problem))
}
