//! Every metric that is made out of items, in one table. `docs/metrics.md` shows it; a test holds the two equal.

use farol_protocol::names::{attr, metric};

/// What a metric is to OpenTelemetry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A monotonic sum.
    Counter,
    /// An exponential histogram.
    Histogram,
}

/// One row.
#[derive(Clone, Copy, Debug)]
pub struct Family {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
    /// Its unit, in UCUM's spelling.
    pub unit: &'static str,
    /// What it counts.
    pub help: &'static str,
    /// What its series differ in. An attribute that nothing is known of is left out of a series.
    pub attributes: &'static [&'static str],
}

/// A family by its place in [`FAMILIES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Id(pub(crate) u8);

const BY_PAGE: &[&str] = &[attr::URL_TEMPLATE, attr::DEVICE_TYPE, attr::DELIVERY];
const BY_COUNTRY: &[&str] = &[attr::GEO_COUNTRY, attr::DELIVERY];
const BY_RELEASE: &[&str] = &[attr::SERVICE_VERSION, attr::DELIVERY];

macro_rules! vital {
    ($unit:literal, $help:literal, $page:ident, $country:ident, $release:ident) => {
        [
            histogram(
                metric::$page,
                $unit,
                concat!($help, ", by page and device"),
                BY_PAGE,
            ),
            histogram(
                metric::$country,
                $unit,
                concat!($help, ", by country"),
                BY_COUNTRY,
            ),
            histogram(
                metric::$release,
                $unit,
                concat!($help, ", by release"),
                BY_RELEASE,
            ),
        ]
    };
}

const LCP: [Family; 3] = vital!(
    "ms",
    "Largest Contentful Paint",
    VITAL_LCP,
    VITAL_LCP_BY_COUNTRY,
    VITAL_LCP_BY_RELEASE
);
const FCP: [Family; 3] = vital!(
    "ms",
    "First Contentful Paint",
    VITAL_FCP,
    VITAL_FCP_BY_COUNTRY,
    VITAL_FCP_BY_RELEASE
);
const INP: [Family; 3] = vital!(
    "ms",
    "Interaction to Next Paint",
    VITAL_INP,
    VITAL_INP_BY_COUNTRY,
    VITAL_INP_BY_RELEASE
);
const TTFB: [Family; 3] = vital!(
    "ms",
    "Time to First Byte",
    VITAL_TTFB,
    VITAL_TTFB_BY_COUNTRY,
    VITAL_TTFB_BY_RELEASE
);
const CLS: [Family; 3] = vital!(
    "1",
    "Cumulative Layout Shift",
    VITAL_CLS,
    VITAL_CLS_BY_COUNTRY,
    VITAL_CLS_BY_RELEASE
);

/// All families.
pub const FAMILIES: [Family; 21] = [
    LCP[0],
    LCP[1],
    LCP[2],
    FCP[0],
    FCP[1],
    FCP[2],
    INP[0],
    INP[1],
    INP[2],
    TTFB[0],
    TTFB[1],
    TTFB[2],
    CLS[0],
    CLS[1],
    CLS[2],
    counter(
        metric::VITAL_RATINGS,
        "{vital}",
        "Web Vitals by rating",
        &[attr::VITAL_NAME, attr::VITAL_RATING, attr::DELIVERY],
    ),
    counter(
        metric::SESSIONS,
        "{session}",
        "Sessions that began, each weighing 1/rate",
        &[attr::DEVICE_TYPE, attr::DELIVERY],
    ),
    counter(
        metric::SESSIONS_WITH_EXCEPTIONS,
        "{session}",
        "Sessions that saw their first exception",
        &[attr::DEVICE_TYPE, attr::DELIVERY],
    ),
    counter(
        metric::PAGE_VIEWS,
        "{view}",
        "Page loads and navigations within pages, each weighing 1/rate",
        &[attr::URL_TEMPLATE, attr::DEVICE_TYPE, attr::DELIVERY],
    ),
    counter(
        metric::EXCEPTIONS,
        "{exception}",
        "Exceptions, repeated ones included",
        &[
            attr::EXCEPTION_TYPE,
            attr::EXCEPTION_HANDLED,
            attr::DELIVERY,
        ],
    ),
    histogram(
        metric::CLIENT_REQUEST_DURATION,
        "s",
        "Requests that pages made with fetch and XMLHttpRequest",
        &[attr::URL_TEMPLATE, attr::HTTP_STATUS_CLASS, attr::DELIVERY],
    ),
];

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

const fn counter(
    name: &'static str,
    unit: &'static str,
    help: &'static str,
    attributes: &'static [&'static str],
) -> Family {
    Family {
        name,
        kind: Kind::Counter,
        unit,
        help,
        attributes,
    }
}

const fn histogram(
    name: &'static str,
    unit: &'static str,
    help: &'static str,
    attributes: &'static [&'static str],
) -> Family {
    Family {
        name,
        kind: Kind::Histogram,
        unit,
        help,
        attributes,
    }
}

/// The table as `docs/metrics.md` shows it.
#[cfg(test)]
fn table() -> String {
    let mut out = String::from(
        "| metric | kind | unit | what it counts | attributes |\n|---|---|---|---|---|\n",
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
            "| `{}` | {kind} | `{}` | {} | {} |\n",
            family.name,
            family.unit,
            family.help,
            attributes.join(", ")
        );
    }
    out
}

#[cfg(test)]
mod tests {
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
