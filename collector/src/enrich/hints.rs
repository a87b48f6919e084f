//! What a browser says of itself in client hints: more exact than its user agent string, which is frozen. Only some are sent without being
//! asked for (brands, platform, mobile or not); the others come where the site lets this collector have them.

use http::{HeaderMap, HeaderName};

/// The hints of a request; empty where one did not come.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hints {
    /// The user agent string itself.
    pub user_agent: String,
    /// The browser's name, by its most telling brand.
    pub name: String,
    /// Its version: in full, where that came.
    pub version: String,
    /// The platform.
    pub platform: String,
    /// The platform's version.
    pub platform_version: String,
    /// The device's model.
    pub model: String,
    /// Whether it says that it is mobile.
    pub mobile: Option<bool>,
    /// The origin of the page that sent the request.
    pub origin: String,
}

const FULL: HeaderName = HeaderName::from_static("sec-ch-ua-full-version-list");
const BRANDS: HeaderName = HeaderName::from_static("sec-ch-ua");
const PLATFORM: HeaderName = HeaderName::from_static("sec-ch-ua-platform");
const PLATFORM_VERSION: HeaderName = HeaderName::from_static("sec-ch-ua-platform-version");
const MODEL: HeaderName = HeaderName::from_static("sec-ch-ua-model");
const MOBILE: HeaderName = HeaderName::from_static("sec-ch-ua-mobile");

/// What is read of a header. Brands in full have some 150 bytes.
const LONGEST: usize = 512;

impl Hints {
    /// Of a request.
    pub fn of(headers: &HeaderMap) -> Self {
        let text = |name: HeaderName| {
            let text = headers.get(name).and_then(|value| value.to_str().ok());
            text.filter(|text| text.len() <= LONGEST)
                .unwrap_or_default()
        };
        let user_agent = headers.get(http::header::USER_AGENT);
        let user_agent = user_agent.and_then(|value| value.to_str().ok());
        let full = text(FULL);
        let brands = if full.is_empty() { text(BRANDS) } else { full };
        let (name, version) = brand(brands).unwrap_or_default();
        Self {
            user_agent: user_agent.unwrap_or_default().to_owned(),
            name: name.to_owned(),
            version: version.to_owned(),
            platform: unquoted(text(PLATFORM)).to_owned(),
            platform_version: unquoted(text(PLATFORM_VERSION)).to_owned(),
            model: unquoted(text(MODEL)).to_owned(),
            mobile: match text(MOBILE) {
                "?1" => Some(true),
                "?0" => Some(false),
                _ => None,
            },
            origin: text(http::header::ORIGIN).to_owned(),
        }
    }

    /// The operating system by its usual name, with what of its version means something.
    pub(super) fn system(&self) -> (String, String) {
        let major = self.platform_version.split('.').next().unwrap_or_default();
        let name = match &*self.platform {
            "Unknown" => "",
            "Chrome OS" | "Chromium OS" => "ChromeOS",
            name => name,
        };
        let version = match (name, major.parse::<u32>()) {
            // Microsoft's own table: the number is the API's, not the system's.
            ("Windows", Ok(13..)) => "11",
            ("Windows", Ok(1..)) => "10",
            ("Windows", _) => "",
            _ => &self.platform_version,
        };
        (name.to_owned(), version.to_owned())
    }
}

/// The brand that says most: neither the engine's nor one that is there to be ignored (`Not/A)Brand`).
pub(super) fn telling(name: &str) -> bool {
    let ignored = name.contains("Not") && name.contains("Brand");
    !ignored && !matches!(name, "" | "Chromium")
}

/// A brand by the name that is used elsewhere.
pub(super) fn usual(name: &str) -> &str {
    match name {
        "Google Chrome" => "Chrome",
        "Microsoft Edge" => "Edge",
        "HeadlessChrome" => "Chrome Headless",
        "Opera GX" => "Opera",
        name => name,
    }
}

fn brand(list: &str) -> Option<(&str, &str)> {
    let brands = list.split(", ").filter_map(|item| {
        let (name, version) = item.split_once(";v=")?;
        Some((unquoted(name), unquoted(version)))
    });
    let mut chromium = None;
    for (name, version) in brands {
        if telling(name) {
            return Some((usual(name), version));
        }
        if name == "Chromium" {
            chromium = Some(("Chrome", version));
        }
    }
    chromium
}

fn unquoted(text: &str) -> &str {
    let text = text.trim();
    let inner = text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'));
    inner.unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hints(headers: &[(&'static str, &str)]) -> Hints {
        let headers = headers.iter();
        Hints::of(
            &headers
                .map(|(name, value)| (http::HeaderName::from_static(name), value.parse().unwrap()))
                .collect(),
        )
    }

    #[test]
    fn the_telling_brand_counts_and_the_full_version_where_it_came() {
        let brands = r#""Not/A)Brand";v="8", "Chromium";v="126", "Microsoft Edge";v="126""#;
        let it = hints(&[("sec-ch-ua", brands), ("sec-ch-ua-mobile", "?0")]);
        assert_eq!(
            (&*it.name, &*it.version, it.mobile),
            ("Edge", "126", Some(false))
        );
        let full = r#""Not/A)Brand";v="8.0.0.0", "Chromium";v="126.0.6478.127", "Google Chrome";v="126.0.6478.127""#;
        let it = hints(&[("sec-ch-ua", brands), ("sec-ch-ua-full-version-list", full)]);
        assert_eq!((&*it.name, &*it.version), ("Chrome", "126.0.6478.127"));
        let it = hints(&[("sec-ch-ua", r#""Chromium";v="126", "Not;A=Brand";v="24""#)]);
        assert_eq!((&*it.name, &*it.version), ("Chrome", "126"));
    }

    #[test]
    fn windows_11_is_told_from_10() {
        for (platform, version, name, told) in [
            ("\"Windows\"", "\"15.0.0\"", "Windows", "11"),
            ("\"Windows\"", "\"10.0.0\"", "Windows", "10"),
            ("\"Windows\"", "\"0.3.0\"", "Windows", ""),
            ("\"macOS\"", "\"14.5.0\"", "macOS", "14.5.0"),
            ("\"Chrome OS\"", "\"\"", "ChromeOS", ""),
            ("\"Unknown\"", "", "", ""),
        ] {
            let it = hints(&[
                ("sec-ch-ua-platform", platform),
                ("sec-ch-ua-platform-version", version),
            ]);
            assert_eq!(it.system(), (name.into(), told.into()), "{platform}");
        }
    }

    #[test]
    fn anything_else_is_nothing() {
        let long = "x".repeat(10_000);
        for value in ["", "\"", ";v=", "\"a\"", ", , ;v=;v=", &long] {
            let it = hints(&[("sec-ch-ua", value), ("sec-ch-ua-mobile", value)]);
            assert_eq!((&*it.name, it.mobile), ("", None), "{value}");
        }
    }
}
