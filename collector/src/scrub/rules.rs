//! What the operator may say about scrubbing: what is looked for, and what becomes of it.

use farol_protocol::names::attr;

use crate::config::Secret;

/// What becomes of something that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Action {
    /// Nothing.
    Keep,
    /// [`super::REDACTED`] stands in its place.
    #[default]
    Mask,
    /// A keyed hash stands in its place: equal ones stay equal, and nobody without the key can try out what they were.
    Hash,
    /// It goes; an attribute as a whole, out of a text what was found.
    Drop,
}

/// What becomes of the queries of addresses.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Query {
    /// Parameters stay, but for secrets.
    #[default]
    Scrub,
    /// The whole query goes.
    Strip,
    /// Values stay of the parameters named here, and no others.
    Allow(Vec<String>),
}

/// The rules of one app.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rules {
    /// Nothing is scrubbed at all.
    pub passthrough: bool,
    /// Values whose name says that they are secret.
    pub named: Action,
    /// Names of secrets beside the built-in ones.
    pub secret_names: Vec<String>,
    /// Mail addresses.
    pub mails: Action,
    /// Numbers of payment cards.
    pub cards: Action,
    /// Numbers of bank accounts.
    pub ibans: Action,
    /// Tokens and keys, known by how they look.
    pub tokens: Action,
    /// Network addresses.
    pub ips: Action,
    /// Queries of addresses.
    pub query: Query,
    /// Fields of the user that stay, in the wire's spelling.
    pub user_fields: Vec<String>,
    /// What hashes are keyed with.
    pub hash_key: Option<Secret>,
}

/// The fields of a user that can be allowed, in the wire's spelling, each with OpenTelemetry's name for it.
pub const USER_FIELDS: &[(&str, &str)] = &[
    ("id", "user.id"),
    ("username", "user.name"),
    ("email", "user.email"),
    ("fullName", "user.full_name"),
    ("roles", "user.roles"),
    ("hash", "user.hash"),
    (USER_ATTRIBUTES, ""),
];

/// What OpenTelemetry called the user's id before, and many an SDK still does.
pub(crate) const ENDUSER_ID: &str = "enduser.id";

/// The field that holds all others.
pub(super) const USER_ATTRIBUTES: &str = "attributes";

/// The field of the user that an attribute holds. What stands below the user's names and is none of the others is an attribute of the user's;
/// `enduser` is what OpenTelemetry called the user before.
pub(super) fn user_field(name: &str) -> Option<&'static str> {
    let below = ["user.", "enduser.", attr::USER_ATTRIBUTE];
    if !below.iter().any(|start| name.starts_with(start)) {
        return None;
    }
    let known = USER_FIELDS.iter().find(|(_, otel)| *otel == name);
    Some(match name {
        ENDUSER_ID => "id",
        "enduser.role" => "roles",
        _ => known.map_or(USER_ATTRIBUTES, |(field, _)| field),
    })
}

impl Rules {
    /// Nothing is scrubbed.
    pub fn passthrough() -> Self {
        Self {
            passthrough: true,
            ..Self::default()
        }
    }
}
