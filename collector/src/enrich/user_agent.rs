//! Browser and operating system out of a user agent string, by the expressions of the ua-parser project; and whether it is a bot's.
//!
//! The expressions take some 9 MiB and 40 ms to make, so that is done when a string has to be read for the first time: an SDK that says
//! itself what it runs in never needs it. What was read is remembered, because a site sees few strings often.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, OnceLock, PoisonError};

use serde::Deserialize;
use ua_parser::{os, user_agent};

/// What a user agent string says; empty where it says nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Agent {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) os_name: String,
    pub(super) os_version: String,
    pub(super) mobile: Option<bool>,
}

/// A string that was seen.
#[derive(Debug, Default)]
pub(super) struct Seen {
    text: Box<str>,
    pub(super) bot: bool,
    agent: OnceLock<Agent>,
}

/// Strings that were seen.
#[derive(Debug, Default)]
pub(super) struct Agents(Mutex<Generations>);

/// What is asked for stays in the younger half; the older half goes as a whole when the younger one is full.
#[derive(Debug, Default)]
struct Generations {
    young: HashMap<Box<str>, Arc<Seen>>,
    old: HashMap<Box<str>, Arc<Seen>>,
}

/// Strings in one half: twice this with some 600 bytes each is 2.4 MiB, and a large site sees a few thousand different ones an hour.
const HALF: usize = 2_048;

/// What is read of a string. Browsers' have some 120 to 250 bytes.
const LONGEST: usize = 512;

impl Agents {
    /// What is known of a string.
    pub(super) fn see(&self, text: &str) -> Arc<Seen> {
        let text = &text[..text.floor_char_boundary(LONGEST)];
        if let Some(known) = self.lock().find(text) {
            return known;
        }
        // Not under the lock: others need not wait for it.
        let seen = Arc::new(Seen {
            text: text.into(),
            bot: super::bot::is_bot(text),
            agent: OnceLock::new(),
        });
        self.lock().keep(text.into(), seen.clone());
        seen
    }

    fn lock(&self) -> MutexGuard<'_, Generations> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seen {
    /// What it says.
    pub(super) fn agent(&self) -> &Agent {
        self.agent.get_or_init(|| Agent::parse(&self.text))
    }
}

impl Generations {
    fn find(&mut self, text: &str) -> Option<Arc<Seen>> {
        if let Some(agent) = self.young.get(text) {
            return Some(agent.clone());
        }
        let (text, agent) = self.old.remove_entry(text)?;
        self.keep(text, agent.clone());
        Some(agent)
    }

    fn keep(&mut self, text: Box<str>, agent: Arc<Seen>) {
        if self.young.len() >= HALF {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(text, agent);
    }
}

#[derive(Deserialize)]
struct Expressions {
    #[serde(borrow)]
    user_agent_parsers: Vec<user_agent::Parser<'static>>,
    #[serde(borrow)]
    os_parsers: Vec<os::Parser<'static>>,
}

struct Readers {
    browser: user_agent::Extractor<'static>,
    system: os::Extractor<'static>,
}

/// None cannot be: a test reads the file that is built in.
static READERS: LazyLock<Option<Readers>> = LazyLock::new(|| {
    let text = include_str!("../../data/user-agents.json");
    let all: Expressions = serde_json::from_str(text).ok()?;
    let browser = user_agent::Builder::new().push_all(all.user_agent_parsers);
    let system = os::Builder::new().push_all(all.os_parsers);
    Some(Readers {
        browser: browser.ok()?.build().ok()?,
        system: system.ok()?.build().ok()?,
    })
});

impl Agent {
    fn parse(text: &str) -> Self {
        let mut agent = Self {
            mobile: mobile(text),
            ..Self::default()
        };
        let Some(readers) = &*READERS else {
            return agent;
        };
        let join = |parts: [Option<&str>; 4]| {
            let told = parts
                .into_iter()
                .map_while(|part| part.filter(|p| !p.is_empty()));
            told.collect::<Vec<_>>().join(".")
        };
        if let Some(it) = readers.browser.extract(text) {
            agent.name = browser(&it.family).to_owned();
            agent.version = join([it.major, it.minor, it.patch, it.patch_minor]);
        }
        // A program that nobody knows may say where it runs itself, as those do that pass on what came from elsewhere.
        let known = agent.mobile.is_some() || !agent.name.is_empty();
        if let Some(it) = readers.system.extract(text).filter(|_| known) {
            agent.os_name = system(&it.os).to_owned();
            let part =
                |part: &Option<std::borrow::Cow<'_, str>>| part.as_deref().map(str::to_owned);
            let parts = [&it.major, &it.minor, &it.patch, &it.patch_minor].map(part);
            agent.os_version = join(parts.each_ref().map(Option::as_deref));
        }
        agent
    }

    /// Name and version in one, as Faro's SDK writes it.
    pub(super) fn os(&self) -> String {
        match (&*self.os_name, &*self.os_version) {
            ("", _) => String::new(),
            (name, "") => name.to_owned(),
            (name, version) => format!("{name} {version}"),
        }
    }
}

/// Browsers on phones say `Mobi`, and all browsers begin with a word from the past. What does neither is no browser, and tells nothing of what
/// it runs on: apps' HTTP libraries are on phones and on servers.
fn mobile(text: &str) -> Option<bool> {
    match text.contains("Mobi") {
        true => Some(true),
        false => ["Mozilla/", "Opera/"]
            .iter()
            .any(|start| text.starts_with(start))
            .then_some(false),
    }
}

/// The names that the SDKs use, for those that the expressions call otherwise: one browser is one series, wherever it was told.
fn browser(family: &str) -> &str {
    match family {
        "Chrome Mobile" | "Chrome Mobile iOS" | "Chromium" => "Chrome",
        "Chrome Mobile WebView" => "Chrome WebView",
        "HeadlessChrome" => "Chrome Headless",
        "Edge Mobile" => "Edge",
        "Firefox Mobile" | "Firefox iOS" => "Firefox",
        "Mobile Safari" => "Safari",
        "Mobile Safari UI/WKWebView" => "Safari WebView",
        "Opera Mobile" | "Opera Touch" => "Opera",
        "Other" => "",
        other => other,
    }
}

fn system(family: &str) -> &str {
    match family {
        "Mac OS X" => "macOS",
        "Chrome OS" => "ChromeOS",
        "Other" => "",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, name: &str, version: &str, os: &str, mobile: bool) {
        let seen = Agents::default().see(text);
        let agent = seen.agent();
        assert_eq!(
            (&*agent.name, &*agent.version, &*agent.os(), agent.mobile),
            (name, version, os, Some(mobile)),
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
    fn the_rarer_ones_are_known_as_well() {
        for (text, name, os) in [
            (
                "Mozilla/5.0 (SMART-TV; Linux; Tizen 6.0) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/3.0 Chrome/69.0.3497.106 TV Safari/537.36",
                "Samsung Internet",
                "Tizen 6.0",
            ),
            (
                "Mozilla/5.0 (Linux; U; Android 13; en-us; 22101316G) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/112.0.5615.136 Mobile Safari/537.36 XiaoMi/MiuiBrowser/14.4.0",
                "MiuiBrowser",
                "Android 13",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 DuckDuckGo/7 Safari/605.1.15",
                "DuckDuckGo Mobile",
                "iOS 17.5",
            ),
            (
                "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
                "Chrome",
                "ChromeOS 14541.0.0",
            ),
        ] {
            let seen = Agents::default().see(text);
            let agent = seen.agent();
            assert_eq!((&*agent.name, &*agent.os()), (name, os), "{text}");
        }
    }

    #[test]
    fn what_is_no_browser_is_nothing() {
        for text in [
            "",
            "Chrome/",
            "Dart/3.4 (dart:io)",
            "OpenTelemetry Collector Contrib/0.158.0 (linux/amd64)",
        ] {
            let seen = Agents::default().see(text);
            assert_eq!(*seen.agent(), Agent::default(), "{text}");
        }
    }

    #[test]
    fn a_library_of_an_app_does_not_say_what_it_runs_on() {
        for (text, name) in [
            ("okhttp/4.12.0", "okhttp"),
            ("Dalvik/2.1.0 (Linux; U; Android 14; Pixel 8)", "Android"),
        ] {
            let seen = Agents::default().see(text);
            let agent = seen.agent();
            assert_eq!((&*agent.name, agent.mobile), (name, None), "{text}");
        }
    }

    #[test]
    fn what_was_read_is_remembered_within_a_bound() {
        let agents = Agents::default();
        let first = agents.see("Mozilla/5.0 first");
        for n in 0..3 * HALF {
            agents.lock().keep(format!("{n}").into(), Arc::default());
            if n % 100 == 0 {
                assert!(Arc::ptr_eq(&agents.see("Mozilla/5.0 first"), &first));
            }
        }
        let held = agents.lock();
        assert!(held.young.len() + held.old.len() <= 2 * HALF);
    }
}
