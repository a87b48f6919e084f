//! Browser and operating system out of a user agent string: the names that make up nearly all traffic, found by their tokens.

/// What a user agent string says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct UserAgent<'a> {
    pub(super) name: &'static str,
    pub(super) version: &'a str,
    os_name: &'static str,
    os_version: String,
    pub(super) mobile: bool,
}

/// In this order, because each one's string also holds the tokens of those below it.
const BROWSERS: &[(&str, &str)] = &[
    ("EdgiOS/", "Edge"),
    ("EdgA/", "Edge"),
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("YaBrowser/", "Yandex Browser"),
    ("Vivaldi/", "Vivaldi"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("HeadlessChrome/", "Chrome Headless"),
    ("Chrome/", "Chrome"),
];

impl<'a> UserAgent<'a> {
    pub(super) fn parse(text: &'a str) -> Self {
        let (name, version) = browser(text);
        let (os_name, os_version) = system(text);
        Self {
            name,
            version,
            os_name,
            os_version,
            mobile: text.contains("Mobi"),
        }
    }

    /// Name and version in one, as Faro's SDK writes it.
    pub(super) fn os(&self) -> String {
        match (self.os_name, &*self.os_version) {
            ("", _) => String::new(),
            (name, "") => name.to_owned(),
            (name, version) => format!("{name} {version}"),
        }
    }
}

fn browser(text: &str) -> (&'static str, &str) {
    for (token, name) in BROWSERS {
        if let Some(version) = after(text, token) {
            return (name, version);
        }
    }
    // Safari keeps its own version apart from its name.
    match (after(text, "Version/"), text.contains("Safari/")) {
        (Some(version), true) => ("Safari", version),
        _ => ("", ""),
    }
}

fn system(text: &str) -> (&'static str, String) {
    let number = |token| after(text, token).unwrap_or_default().replace('_', ".");
    if let Some(nt) = after(text, "Windows NT ") {
        let name = match nt {
            // Windows 11 says 10.0 too: client hints alone tell them apart.
            "10.0" => "10",
            "6.3" => "8.1",
            "6.2" => "8",
            "6.1" => "7",
            other => other,
        };
        return ("Windows", name.to_owned());
    }
    if text.contains("iPhone") || text.contains("iPad") {
        return ("iOS", number(" OS "));
    }
    if text.contains("Android") {
        return ("Android", number("Android "));
    }
    if text.contains("CrOS ") {
        return ("ChromeOS", String::new());
    }
    if text.contains("Mac OS X") {
        return ("macOS", number("Mac OS X "));
    }
    match text.contains("Linux") {
        true => ("Linux", String::new()),
        false => ("", String::new()),
    }
}

/// The digits, dots and underscores that follow a token.
fn after<'a>(text: &'a str, token: &str) -> Option<&'a str> {
    let rest = &text[text.find(token)? + token.len()..];
    let end = rest
        .find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '_'))
        .unwrap_or(rest.len());
    Some(&rest[..end]).filter(|v| !v.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, name: &str, version: &str, os: &str, mobile: bool) {
        let ua = UserAgent::parse(text);
        assert_eq!(
            (ua.name, ua.version, &*ua.os(), ua.mobile),
            (name, version, os, mobile),
            "{text}"
        );
    }

    #[test]
    fn the_browsers_of_nearly_all_traffic_are_known() {
        check(
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15",
            "Safari",
            "17.5",
            "macOS 10.15.7",
            false,
        );
        check(
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/126.0.6478.54 Mobile/15E148 Safari/604.1",
            "Chrome",
            "126.0.6478.54",
            "iOS 17.5",
            true,
        );
        check(
            "Mozilla/5.0 (Linux; Android 14; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36",
            "Samsung Internet",
            "25.0",
            "Android 14",
            true,
        );
        check(
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 Edg/126.0.2592.68",
            "Edge",
            "126.0.2592.68",
            "Windows 10",
            false,
        );
        check(
            "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0",
            "Firefox",
            "127.0",
            "Linux",
            false,
        );
    }

    #[test]
    fn what_is_no_browser_is_nothing() {
        check("curl/8.5.0", "", "", "", false);
        check("Chrome/", "", "", "", false);
        check("", "", "", "", false);
    }
}
