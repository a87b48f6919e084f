//! What the collector knows and the page does not: when it came, how far the client's clock is off, what the user agent says.

use farol_protocol::payload::Payload;

use crate::config::App;

mod user_agent;

use user_agent::UserAgent;

/// Below this a difference between the clocks is taken for the way of the request: a head needs up to a second or two on a bad
/// network, and shifting good times by it would part a browser's spans from its backend's.
const CLOCK_TOLERANCE_MS: i64 = 2_000;

/// Server minus client clock, from when the request says that it was sent and when it came; 0 where that tells nothing.
pub fn clock_offset_ms(sent_ms: Option<u64>, received_ms: u64) -> i64 {
    let Some(sent) = sent_ms.and_then(|n| i64::try_from(n).ok()) else {
        return 0;
    };
    let offset = i64::try_from(received_ms)
        .unwrap_or(i64::MAX)
        .saturating_sub(sent);
    match offset.saturating_abs() < CLOCK_TOLERANCE_MS {
        true => 0,
        false => offset,
    }
}

/// Fills in what is missing. An app that is declared has its name from the configuration, whatever the payload says.
pub fn enrich(payload: &mut Payload, app: Option<&App>, user_agent: Option<&str>) {
    let meta = &mut payload.meta;
    if let Some(app) = app {
        meta.app.name.clone_from(&app.name);
        for (name, value) in &app.labels {
            payload
                .farol
                .added
                .set(name.as_str(), value.as_str().into());
        }
    }
    let browser = &mut meta.browser;
    let complete =
        !(browser.name.is_empty() || browser.version.is_empty() || browser.os.is_empty());
    let told = match browser.user_agent.is_empty() {
        true => user_agent.unwrap_or_default().to_owned(),
        false => browser.user_agent.clone(),
    };
    if complete || told.is_empty() {
        return;
    }
    let ua = UserAgent::parse(&told);
    // A version belongs to its name: one of ours never goes beside one of theirs.
    if browser.name.is_empty() {
        browser.name = ua.name.to_owned();
        browser.version = ua.version.to_owned();
    }
    if browser.os.is_empty() {
        browser.os = ua.os();
    }
    if browser.mobile.is_none() {
        browser.mobile = Some(ua.mobile);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHROME: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36";

    #[test]
    fn a_clock_that_is_off_is_measured_and_the_way_of_the_request_is_not() {
        assert_eq!(clock_offset_ms(None, 5_000), 0);
        assert_eq!(clock_offset_ms(Some(4_000), 5_999), 0);
        assert_eq!(clock_offset_ms(Some(4_000), 6_000), 2_000);
        assert_eq!(clock_offset_ms(Some(90_000), 5_000), -85_000);
        assert_eq!(clock_offset_ms(Some(u64::MAX), 5_000), 0);
    }

    #[test]
    fn a_missing_browser_comes_from_the_user_agent() {
        let mut payload = Payload::default();
        enrich(&mut payload, None, Some(CHROME));
        let browser = &payload.meta.browser;
        assert_eq!(
            (&*browser.name, &*browser.version, &*browser.os),
            ("Chrome", "126.0.0.0", "Windows 10")
        );
        assert_eq!(browser.mobile, Some(false));
    }

    #[test]
    fn what_the_page_said_stays() {
        let mut payload = Payload::default();
        payload.meta.browser.name = "Own".into();
        enrich(&mut payload, None, Some(CHROME));
        assert_eq!(payload.meta.browser.name, "Own");
        assert_eq!(payload.meta.browser.version, "");
        assert_eq!(payload.meta.browser.os, "Windows 10");
    }

    #[test]
    fn a_declared_app_has_its_name_from_the_configuration() {
        let mut payload = Payload::default();
        payload.meta.app.name = "forged".into();
        let app = App::new("shop");
        enrich(&mut payload, Some(&app), None);
        assert_eq!(payload.meta.app.name, "shop");
    }
}
