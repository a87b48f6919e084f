//! A wrong setting, in one line.

use super::tree::Place;

/// What is wrong with the settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    place: Place,
    key: String,
    value: Option<String>,
    problem: String,
}

/// Enough of a value to recognise it.
const SHOWN: usize = 80;

impl ConfigError {
    /// `problem` says what is wrong and what to do.
    pub(super) fn new(
        place: &Place,
        key: impl Into<String>,
        value: Option<&str>,
        problem: impl Into<String>,
    ) -> Self {
        Self {
            place: place.clone(),
            key: key.into().replace(char::is_control, "\u{fffd}"),
            value: value.map(|v| {
                let v = super::url::shown(v);
                let shown: String = v.chars().take(SHOWN).collect();
                let more = if shown.len() < v.len() { "…" } else { "" };
                format!("{}{more}", shown.escape_debug())
            }),
            problem: one_line(problem.into()),
        }
    }

    /// Without the place, where what stands there is nobody's file.
    pub(crate) fn placeless(self) -> Self {
        Self {
            place: Place::Default,
            ..self
        }
    }
}

/// A problem may name a part of the value: what would break its line, or colour a terminal, is written out.
fn one_line(text: String) -> String {
    if !text.contains(char::is_control) {
        return text;
    }
    let mut line = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if c.is_control() {
            line.extend(c.escape_default());
        } else {
            line.push(c);
        }
    }
    line
}

impl std::fmt::Display for ConfigError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.place != Place::Default {
            write!(f, "{}: ", self.place)?;
        }
        f.write_str(&self.key)?;
        if let Some(value) = &self.value {
            write!(f, " = \"{value}\"")?;
        }
        if !self.key.is_empty() {
            f.write_str(": ")?;
        }
        f.write_str(&self.problem)
    }
}

impl std::error::Error for ConfigError {}
