//! Every metric that is made out of items, in one table: names in OpenTelemetry's and in Prometheus' spelling, units, help,
//! attributes, classic buckets. Whoever sends metrics (OTLP, Remote Write, a scrape) reads it, so that all say the same.

use crate::names::{attr, metric};

/// What a metric is to OpenTelemetry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A monotonic sum.
    Counter,
    /// An exponential histogram; to Prometheus a native one, or a classic one with the family's bounds.
    Histogram,
}

/// One row.
#[derive(Clone, Copy, Debug)]
pub struct Family {
    /// Its name.
    pub name: &'static str,
    /// Its name in Prometheus, by OpenTelemetry's rule: dots become underscores, the unit and a counter's `_total` are appended.
    pub prometheus: &'static str,
    /// What it is.
    pub kind: Kind,
    /// Its unit, in UCUM's spelling.
    pub unit: &'static str,
    /// What it counts.
    pub help: &'static str,
    /// What its series differ in. An attribute that nothing is known of is left out of a series.
    pub attributes: &'static [&'static str],
    /// Upper bounds of the classic buckets, which a scrape and Remote Write use and OTLP does not. Empty for a counter.
    pub bounds: &'static [f64],
}

/// Bounds for what loads, in milliseconds: the thresholds of LCP, FCP and TTFB are among them, so that the share of good visits is
/// exact.
const LOADING: &[f64] = &[
    50.0, 100.0, 200.0, 400.0, 600.0, 800.0, 1200.0, 1800.0, 2500.0, 3000.0, 4000.0, 6000.0,
    10_000.0,
];
/// Bounds for INP, in milliseconds, with its thresholds 200 and 500; the smallest is one frame.
const INTERACTION: &[f64] = &[
    16.0, 40.0, 80.0, 120.0, 200.0, 300.0, 500.0, 800.0, 1200.0, 2500.0,
];
/// Bounds for CLS, with its thresholds 0.1 and 0.25.
const SHIFT: &[f64] = &[0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0];
/// Bounds for requests, in seconds: what OpenTelemetry advises for `http.client.request.duration`.
const REQUEST: &[f64] = &[
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];

const BY_PAGE: &[&str] = &[attr::URL_TEMPLATE, attr::DEVICE_TYPE, attr::DELIVERY];
const BY_COUNTRY: &[&str] = &[attr::GEO_COUNTRY, attr::DELIVERY];
const BY_RELEASE: &[&str] = &[attr::SERVICE_VERSION, attr::DELIVERY];

macro_rules! vital {
    ($name:literal, $unit:literal, $suffix:literal, $help:literal, $bounds:ident, $page:ident, $country:ident, $release:ident) => {
        [
            histogram(
                metric::$page,
                concat!("farol_web_vital_", $name, $suffix),
                $unit,
                concat!($help, ", by page and device"),
                BY_PAGE,
                $bounds,
            ),
            histogram(
                metric::$country,
                concat!("farol_web_vital_", $name, "_by_country", $suffix),
                $unit,
                concat!($help, ", by country"),
                BY_COUNTRY,
                $bounds,
            ),
            histogram(
                metric::$release,
                concat!("farol_web_vital_", $name, "_by_release", $suffix),
                $unit,
                concat!($help, ", by release"),
                BY_RELEASE,
                $bounds,
            ),
        ]
    };
}

const LCP: [Family; 3] = vital!(
    "lcp",
    "ms",
    "_milliseconds",
    "Largest Contentful Paint",
    LOADING,
    VITAL_LCP,
    VITAL_LCP_BY_COUNTRY,
    VITAL_LCP_BY_RELEASE
);
const FCP: [Family; 3] = vital!(
    "fcp",
    "ms",
    "_milliseconds",
    "First Contentful Paint",
    LOADING,
    VITAL_FCP,
    VITAL_FCP_BY_COUNTRY,
    VITAL_FCP_BY_RELEASE
);
const INP: [Family; 3] = vital!(
    "inp",
    "ms",
    "_milliseconds",
    "Interaction to Next Paint",
    INTERACTION,
    VITAL_INP,
    VITAL_INP_BY_COUNTRY,
    VITAL_INP_BY_RELEASE
);
const TTFB: [Family; 3] = vital!(
    "ttfb",
    "ms",
    "_milliseconds",
    "Time to First Byte",
    LOADING,
    VITAL_TTFB,
    VITAL_TTFB_BY_COUNTRY,
    VITAL_TTFB_BY_RELEASE
);
const CLS: [Family; 3] = vital!(
    "cls",
    "1",
    "",
    "Cumulative Layout Shift",
    SHIFT,
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
        "farol_web_vital_ratings_total",
        "{vital}",
        "Web Vitals by rating",
        &[attr::VITAL_NAME, attr::VITAL_RATING, attr::DELIVERY],
    ),
    counter(
        metric::SESSIONS,
        "farol_sessions_total",
        "{session}",
        "Sessions that began, each weighing 1/rate",
        &[attr::DEVICE_TYPE, attr::DELIVERY],
    ),
    counter(
        metric::SESSIONS_WITH_EXCEPTIONS,
        "farol_sessions_with_exceptions_total",
        "{session}",
        "Sessions that saw their first exception",
        &[attr::DEVICE_TYPE, attr::DELIVERY],
    ),
    counter(
        metric::PAGE_VIEWS,
        "farol_page_views_total",
        "{view}",
        "Page loads and navigations within pages, each weighing 1/rate",
        &[attr::URL_TEMPLATE, attr::DEVICE_TYPE, attr::DELIVERY],
    ),
    counter(
        metric::EXCEPTIONS,
        "farol_exceptions_total",
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
        "http_client_request_duration_seconds",
        "s",
        "Requests that pages made with fetch and XMLHttpRequest",
        &[attr::URL_TEMPLATE, attr::HTTP_STATUS_CLASS, attr::DELIVERY],
        REQUEST,
    ),
];

/// A letter of an attribute's name as Prometheus' labels have it: what is no letter, digit or underscore becomes an underscore.
#[must_use]
pub const fn label_char(c: char) -> char {
    match c.is_ascii_alphanumeric() {
        true => c,
        false => '_',
    }
}

const fn counter(
    name: &'static str,
    prometheus: &'static str,
    unit: &'static str,
    help: &'static str,
    attributes: &'static [&'static str],
) -> Family {
    Family {
        name,
        prometheus,
        kind: Kind::Counter,
        unit,
        help,
        attributes,
        bounds: &[],
    }
}

const fn histogram(
    name: &'static str,
    prometheus: &'static str,
    unit: &'static str,
    help: &'static str,
    attributes: &'static [&'static str],
    bounds: &'static [f64],
) -> Family {
    Family {
        name,
        prometheus,
        kind: Kind::Histogram,
        unit,
        help,
        attributes,
        bounds,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// OpenTelemetry's rule, spelled out; the table is written by hand so that a search finds its names.
    #[test]
    fn prometheus_names_follow_opentelemetrys_rule() {
        for family in &FAMILIES {
            let unit = match family.unit {
                "ms" => "_milliseconds",
                "s" => "_seconds",
                _ => "",
            };
            let total = match family.kind {
                Kind::Counter => "_total",
                Kind::Histogram => "",
            };
            let name: std::string::String = family.name.chars().map(label_char).collect();
            assert_eq!(
                family.prometheus,
                std::format!("{name}{unit}{total}"),
                "{}",
                family.name
            );
        }
    }

    #[test]
    fn histograms_have_rising_bounds_and_counters_none() {
        for family in &FAMILIES {
            assert_eq!(family.bounds.is_empty(), family.kind == Kind::Counter);
            assert!(family.bounds.is_sorted_by(|a, b| a < b), "{}", family.name);
        }
    }
}
