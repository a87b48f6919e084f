//! Whether a user agent string is a program's that no person looks at. Such programs run pages, so their vitals and errors come in like
//! everybody's; what is done with them is the operator's to say, by a condition over the mark.

use memchr::memmem::Finder;
use std::sync::LazyLock;

/// Words by which crawlers, monitors, tests and tools name themselves, small. Each stands in no browser's string. Libraries that mobile apps
/// send with (okhttp, Dart) are not here: people hold those.
const WORDS: &[&str] = &[
    "bot/",
    "bot;",
    "bot)",
    "bot-",
    "bot ",
    "crawl",
    "spider",
    "slurp",
    "scrape",
    "headless",
    "lighthouse",
    "pagespeed",
    "google-read-aloud",
    "googleother",
    "google-inspectiontool",
    "mediapartners",
    "adsbot",
    "bingpreview",
    "facebookexternalhit",
    "meta-externalagent",
    "whatsapp/",
    "embedly",
    "preview",
    "prerender",
    "phantomjs",
    "selenium",
    "puppeteer",
    "playwright",
    "cypress",
    "webpagetest",
    "gtmetrix",
    "pingdom",
    "uptime",
    "statuscake",
    "site24x7",
    "datadogsynthetics",
    "newrelicsynthetics",
    "dynatrace",
    "catchpoint",
    "checkly",
    "ahrefs",
    "semrush",
    "screaming frog",
    "yandeximages",
    "bytespider",
    "gptbot",
    "claudebot",
    "claude-web",
    "perplexity",
    "ccbot",
    "archive.org",
    "ia_archiver",
    "wget/",
    "curl/",
    "python-requests",
    "python-urllib",
    "aiohttp",
    "go-http-client",
    "libwww-perl",
    "postmanruntime",
    "k6/",
    "synthetic",
    "monitor",
];

/// Strings that end with a bot's name and nothing behind it.
const ENDS: &[&str] = &["bot", "crawler", "spider"];

/// Phones whose name holds such a word.
const PEOPLE: &[&str] = &["cubot"];

static FINDERS: LazyLock<Vec<Finder<'static>>> =
    LazyLock::new(|| WORDS.iter().map(Finder::new).collect());

/// What is kept of the name of a run.
const MOST_OF_RUN: usize = 64;

/// The run of k6 that drives the browser, where its user agent says one: `… k6/RUN`, as `deploy/k6/shop.js` has it. A page cannot know it.
pub(super) fn k6_run(text: &str) -> Option<&str> {
    let (before, rest) = text.split_once("k6/")?;
    let whole = before.is_empty() || before.ends_with(' ');
    let is_part = |c: char| c.is_ascii_alphanumeric() || "-_.:".contains(c);
    let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
    (whole && end > 0).then(|| &rest[..end.min(MOST_OF_RUN)])
}

pub(super) fn is_bot(text: &str) -> bool {
    let mut text = text.to_ascii_lowercase();
    for name in PEOPLE {
        text = text.replace(name, "");
    }
    FINDERS
        .iter()
        .any(|word| word.find(text.as_bytes()).is_some())
        || ENDS.iter().any(|word| text.ends_with(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_of_k6_is_a_word_of_its_own() {
        for (text, run) in [
            ("Mozilla/5.0 Chrome/140.0 k6/run-1", Some("run-1")),
            ("Mozilla/5.0 k6/a b", Some("a")),
            ("k6/1.8.1 (https://k6.io/)", Some("1.8.1")),
            ("Mozilla/5.0 disk6/2", None),
            ("Mozilla/5.0 k6/", None),
            ("", None),
        ] {
            assert_eq!(k6_run(text), run, "{text}");
        }
        let long = format!("k6/{}", "a".repeat(1_000));
        assert_eq!(k6_run(&long).map(str::len), Some(MOST_OF_RUN));
    }

    #[test]
    fn programs_are_told_from_people() {
        for text in [
            "Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.6478.126 Mobile Safari/537.36 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
            "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm) Chrome/116.0.1938.76 Safari/537.36",
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/126.0.0.0 Safari/537.36",
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 Chrome-Lighthouse",
            "Mozilla/5.0 (compatible; SomeNewCrawler)",
            "curl/8.5.0",
        ] {
            assert!(is_bot(text), "{text}");
        }
        for text in [
            "",
            "Mozilla/5.0 (Linux; Android 11; CUBOT X50) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36",
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 Edg/126.0.2592.68",
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
            "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0",
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/21F79 [FBAN/FBIOS;FBAV/470.0]",
            "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/126.0 Mobile Safari/537.36 Instagram 334.0",
        ] {
            assert!(!is_bot(text), "{text}");
        }
    }
}
