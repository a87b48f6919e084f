//! The families by number, for looking up; the table itself is `farol_protocol::metrics`. `docs/metrics.md` shows it; a test
//! holds the two equal.

pub use farol_protocol::metrics::{FAMILIES, Family, Kind};

/// A family by its place in [`FAMILIES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Id(pub(crate) u8);

/// The vitals in the order of the table; each has three families in a row.
pub(crate) const VITALS: [&str; 5] = ["lcp", "fcp", "inp", "ttfb", "cls"];
pub(crate) const RATINGS: Id = Id(15);
pub(crate) const SESSIONS: Id = Id(16);
pub(crate) const SESSIONS_WITH_EXCEPTIONS: Id = Id(17);
pub(crate) const PAGE_VIEWS: Id = Id(18);
pub(crate) const EXCEPTIONS: Id = Id(19);
pub(crate) const REQUESTS: Id = Id(20);

impl Id {
    pub(crate) fn family(self) -> &'static Family {
        &FAMILIES[usize::from(self.0)]
    }

    /// The family of this name, where this version has it.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let at = FAMILIES.iter().position(|family| family.name == name)?;
        u8::try_from(at).ok().map(Self)
    }
}

/// The table as `docs/metrics.md` shows it.
#[cfg(test)]
fn table() -> String {
    let mut out = String::from(
        "| metric | in Prometheus | kind | unit | what it counts | attributes |\n|---|---|---|---|---|---|\n",
    );
    for family in &FAMILIES {
        let kind = match family.kind {
            Kind::Counter => "counter",
            Kind::Histogram => "exponential histogram",
        };
        let attributes: Vec<String> = family
            .attributes
            .iter()
            .map(|it| format!("`{it}`"))
            .collect();
        out += &format!(
            "| `{}` | `{}` | {kind} | `{}` | {} | {} |\n",
            family.name,
            family.prometheus,
            family.unit,
            family.help,
            attributes.join(", ")
        );
    }
    out
}

#[cfg(test)]
mod tests {
    use farol_protocol::names::metric;

    use super::*;

    #[test]
    fn ids_point_at_the_families_they_name() {
        for (id, name) in [
            (RATINGS, metric::VITAL_RATINGS),
            (SESSIONS, metric::SESSIONS),
            (SESSIONS_WITH_EXCEPTIONS, metric::SESSIONS_WITH_EXCEPTIONS),
            (PAGE_VIEWS, metric::PAGE_VIEWS),
            (EXCEPTIONS, metric::EXCEPTIONS),
            (REQUESTS, metric::CLIENT_REQUEST_DURATION),
        ] {
            assert_eq!(id.family().name, name);
            assert_eq!(Id::named(name), Some(id));
        }
        for (at, vital) in VITALS.iter().enumerate() {
            assert_eq!(FAMILIES[at * 3].name, format!("farol.web_vital.{vital}"));
        }
    }

    #[test]
    fn the_document_shows_this_table() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/metrics.md");
        let document = std::fs::read_to_string(path).expect("docs/metrics.md is there");
        assert!(
            document.contains(&table()),
            "docs/metrics.md wants this table:\n\n{}",
            table()
        );
    }
}
