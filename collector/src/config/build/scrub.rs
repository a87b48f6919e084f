//! The settings of scrubbing: for all apps, and over them those of one.

use super::Built;
use crate::config::Secret;
use crate::config::read::Section;
use crate::scrub::{Action, Query, Rules, USER_FIELDS};

/// A shorter key can be tried out.
const SHORTEST_KEY: usize = 16;

const ACTIONS: &[(&str, Action)] = &[
    ("mask", Action::Mask),
    ("hash", Action::Hash),
    ("drop", Action::Drop),
    ("keep", Action::Keep),
];

/// The section over what holds without it.
pub(super) fn rules(section: Section<'_>, base: &Rules) -> Built<Rules> {
    let action = |key, base| Ok(section.word(key, ACTIONS)?.unwrap_or(base));
    let passthrough = section
        .word("profile", &[("default", false), ("passthrough", true)])?
        .unwrap_or(base.passthrough);
    let mut secret_names = base.secret_names.clone();
    for name in section.texts("secret_names")?.unwrap_or_default() {
        if !name.bytes().any(|byte| byte.is_ascii_alphanumeric()) {
            let problem = "a name has letters or digits, such as [\"customer_number\"]";
            return Err(section.wrong("secret_names", problem));
        }
        secret_names.push(name);
    }
    let hash_key = match section.text("hash_key")? {
        Some(key) if key.len() < SHORTEST_KEY => {
            let problem =
                format!("at least {SHORTEST_KEY} characters, such as openssl rand -hex 32 writes");
            return Err(section.wrong_secret("hash_key", problem));
        }
        Some(key) => Some(Secret::new(key)),
        None => base.hash_key.clone(),
    };
    let rules = Rules {
        passthrough,
        named: action("named", base.named)?,
        mails: action("mails", base.mails)?,
        cards: action("cards", base.cards)?,
        ibans: action("ibans", base.ibans)?,
        tokens: action("tokens", base.tokens)?,
        ips: action("ips", base.ips)?,
        secret_names,
        query: query(&section, &base.query)?,
        user_fields: user_fields(&section, &base.user_fields)?,
        hash_key,
    };
    if rules.hash_key.is_none() {
        let actions = [
            ("named", rules.named),
            ("mails", rules.mails),
            ("cards", rules.cards),
            ("ibans", rules.ibans),
            ("tokens", rules.tokens),
            ("ips", rules.ips),
        ];
        if let Some((key, _)) = actions.iter().find(|(_, action)| *action == Action::Hash) {
            return Err(section.wrong(
                key,
                "a hash without a key can be tried out; set hash_key beside it",
            ));
        }
    }
    section.finish()?;
    Ok(rules)
}

fn query(section: &Section<'_>, base: &Query) -> Built<Query> {
    let allowed = section.texts("query_allow")?;
    let words = [
        ("scrub", Query::Scrub),
        ("strip", Query::Strip),
        ("allow", Query::Allow(Vec::new())),
    ];
    match (section.word("query", &words)?, allowed) {
        (Some(Query::Allow(_)), Some(allowed)) => Ok(Query::Allow(allowed)),
        (Some(Query::Allow(_)), None) => match base {
            Query::Allow(_) => Ok(base.clone()),
            _ => Err(section.missing(
                "query_allow",
                "name the parameters that stay, such as [\"page\"]",
            )),
        },
        (None, Some(allowed)) if matches!(base, Query::Allow(_)) => Ok(Query::Allow(allowed)),
        (_, Some(_)) => Err(section.wrong(
            "query_allow",
            "this counts with query = \"allow\" only; set it, or leave this out",
        )),
        (Some(query), None) => Ok(query),
        (None, None) => Ok(base.clone()),
    }
}

fn user_fields(section: &Section<'_>, base: &[String]) -> Built<Vec<String>> {
    let Some(fields) = section.texts("user_fields")? else {
        return Ok(base.to_owned());
    };
    for field in &fields {
        if !USER_FIELDS.iter().any(|(known, _)| known == field) {
            let known: Vec<_> = USER_FIELDS.iter().map(|(known, _)| *known).collect();
            let problem = format!(
                "{field:?} is no field of a user; use some of {}",
                known.join(", ")
            );
            return Err(section.wrong("user_fields", problem));
        }
    }
    Ok(fields)
}
