//! What the collector knows and the page does not: when it came, how far the client's clock is off, what the user agent says, where its sender is, what the operator adds.

use std::sync::Arc;

use anyhow::Result;
use farol_protocol::meta::Brands;
use farol_protocol::names::attr;
use farol_protocol::payload::Payload;

use crate::client_address::ClientAddress;
use crate::config::{App, Config};

pub mod add;
mod bot;
mod browsers;
pub mod geo;
mod hints;
pub(crate) mod routes;
mod user_agent;

use geo::Places;
pub use hints::Hints;
pub use routes::Template;
use user_agent::Agents;

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

/// What enriches, made from the settings.
#[derive(Debug, Default)]
pub struct Enricher {
    agents: Arc<Agents>,
    places: Places,
    attributes: Vec<add::Rule>,
}

/// What is known of a request beside its body.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// The declared app that it belongs to.
    pub app: Option<&'a App>,
    /// What its browser says of itself; none where it was passed on with what several browsers said.
    pub hints: Option<&'a Hints>,
    /// Who sent it.
    pub client: Option<ClientAddress>,
    /// What is done with the address.
    pub address: AddressUse,
    /// The templates of its addresses.
    pub routes: &'a [Template],
}

/// What becomes of a client's address, once everything was made of it that is made of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AddressUse {
    /// It is stored nowhere.
    #[default]
    Drop,
    /// Its network is an attribute: 24 bits of an IPv4 address, 48 of an IPv6 address.
    Truncate,
}

impl Enricher {
    /// From settings that are valid; what was read `before` is taken over.
    ///
    /// # Errors
    /// When a database cannot be read.
    pub fn new(config: &Config, before: Option<&Self>) -> Result<Self> {
        Ok(Self {
            agents: before.map(|b| b.agents.clone()).unwrap_or_default(),
            places: Places::load(&config.geo, before.map(|b| &b.places))?,
            attributes: config.attributes.clone(),
        })
    }

    /// Fills in what is missing, and adds what the operator wants. An app that is declared has its name from the configuration, whatever the
    /// payload says; what it says stays beside it.
    pub fn enrich(&self, payload: &mut Payload, known: &Known<'_>) {
        if let Some(app) = known.app {
            let claimed = std::mem::replace(&mut payload.meta.app.name, app.name.clone());
            if !claimed.is_empty() && claimed != app.name {
                payload.farol.added.set(attr::APP_NAME, claimed.into());
            }
            for (name, value) in &app.labels {
                let added = &mut payload.farol.added;
                added.set(name.as_str(), value.as_str().into());
            }
        }
        match known.hints {
            Some(hints) => self.browser(payload, hints),
            None => browsers::tell(&self.agents, payload),
        }
        self.place(payload, known);
        let origin = known.hints.map_or("", |hints| &hints.origin);
        routes::apply(known.routes, payload, origin);
        if !self.attributes.is_empty() {
            let app = payload.meta.app.name.clone();
            let tenant = known.app.map_or("", |app| &app.tenant);
            add::apply(&self.attributes, &app, tenant, payload);
        }
    }

    fn browser(&self, payload: &mut Payload, hints: &Hints) {
        let meta = &mut payload.meta;
        let browser = &mut meta.browser;
        // A payload can be passed on by somebody whose own headers then say nothing of the browser.
        let passed_on = !browser.user_agent.is_empty() && browser.user_agent != hints.user_agent;
        let none = Hints::default();
        let hints = if passed_on { &none } else { hints };
        let text = match passed_on {
            true => &browser.user_agent,
            false => &hints.user_agent,
        };
        if let (None, Some(run)) = (meta.k6.is_k6_browser, bot::k6_run(text)) {
            meta.k6.is_k6_browser = Some(true);
            if meta.k6.test_run_id.is_empty() {
                run.clone_into(&mut meta.k6.test_run_id);
            }
        }
        let seen = (!text.is_empty()).then(|| self.agents.see(text));
        if seen.as_ref().is_some_and(|seen| seen.bot) && meta.k6.is_k6_browser != Some(true) {
            let added = &mut payload.farol.added;
            added.set(attr::USER_AGENT_SYNTHETIC, "bot".into());
        }
        if browser.mobile.is_none() {
            browser.mobile = hints.mobile;
        }
        if meta.device.model_identifier.is_empty() {
            meta.device.model_identifier.clone_from(&hints.model);
        }
        // A version belongs to its name: one of ours never goes beside one of theirs.
        if browser.name.is_empty() {
            let (name, version) = match hints.name.is_empty() {
                true => branded(&browser.brands),
                false => (hints.name.as_str(), hints.version.as_str()),
            };
            (browser.name, browser.version) = (name.to_owned(), version.to_owned());
        }
        if browser.os.is_empty() {
            let (name, version) = hints.system();
            if !name.is_empty() && !version.is_empty() {
                browser.os = format!("{name} {version}");
            }
        }
        let Some(seen) = seen else { return };
        if browser.name.is_empty() || browser.os.is_empty() || browser.mobile.is_none() {
            let agent = seen.agent();
            if browser.name.is_empty() {
                browser.name.clone_from(&agent.name);
                browser.version.clone_from(&agent.version);
            }
            if browser.os.is_empty() {
                browser.os = agent.os();
            }
            browser.mobile = browser.mobile.or(agent.mobile);
        }
    }

    fn place(&self, payload: &mut Payload, known: &Known<'_>) {
        let declined = payload.meta.session.overrides.geo_location == Some(false);
        let Some(client) = known.client.filter(|_| !declined) else {
            return;
        };
        if let Some(geo) = self.places.find(client) {
            payload.meta.geo = geo;
        }
        if known.address == AddressUse::Truncate {
            let added = &mut payload.farol.added;
            added.set(attr::CLIENT_ADDRESS, client.truncated().into());
        }
    }
}

/// What the brands in a payload say.
fn branded(brands: &Brands) -> (&str, &str) {
    let Brands::List(list) = brands else {
        return ("", "");
    };
    let telling = list.iter().find(|brand| hints::telling(&brand.brand));
    telling.map_or(("", ""), |it| (hints::usual(&it.brand), &it.version))
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

    fn enriched(body: &str, known: &Known<'_>) -> Payload {
        let limits = crate::decode::Limits::default();
        let decoded = crate::decode::faro(body.as_bytes(), &limits);
        let mut payload = decoded.unwrap().payload;
        Enricher::default().enrich(&mut payload, known);
        *payload
    }

    fn of(hints: &Hints) -> Known<'_> {
        Known {
            app: None,
            hints: Some(hints),
            client: Some(ClientAddress::new("192.0.2.77".parse().unwrap())),
            address: AddressUse::Drop,
            routes: &[],
        }
    }

    fn chrome() -> Hints {
        Hints {
            user_agent: CHROME.into(),
            ..Hints::default()
        }
    }

    fn told(payload: &Payload) -> (&str, &str, &str, Option<bool>) {
        let it = &payload.meta.browser;
        (&it.name, &it.version, &it.os, it.mobile)
    }

    #[test]
    fn a_missing_browser_comes_from_the_user_agent() {
        let payload = enriched("{}", &of(&chrome()));
        assert_eq!(
            told(&payload),
            ("Chrome", "126.0.0.0", "Windows 10", Some(false))
        );
    }

    #[test]
    fn client_hints_count_first() {
        let hints = Hints {
            name: "Edge".into(),
            version: "126.0.2592.68".into(),
            platform: "Windows".into(),
            platform_version: "15.0.0".into(),
            mobile: Some(false),
            ..chrome()
        };
        let payload = enriched("{}", &of(&hints));
        assert_eq!(
            told(&payload),
            ("Edge", "126.0.2592.68", "Windows 11", Some(false))
        );
        let brands = r#"{"meta":{"browser":{"brands":[{"brand":"Chromium","version":"126"},{"brand":"Google Chrome","version":"126"}]}}}"#;
        let payload = enriched(brands, &of(&chrome()));
        assert_eq!(told(&payload).0, "Chrome");
    }

    #[test]
    fn the_headers_of_who_passes_a_payload_on_say_nothing_of_its_browser() {
        let hints = Hints {
            name: "Edge".into(),
            mobile: Some(true),
            user_agent: "relay/1".into(),
            ..Hints::default()
        };
        let body = format!(r#"{{"meta":{{"browser":{{"userAgent":"{CHROME}"}}}}}}"#);
        let payload = enriched(&body, &of(&hints));
        assert_eq!(
            told(&payload),
            ("Chrome", "126.0.0.0", "Windows 10", Some(false))
        );
    }

    #[test]
    fn what_the_page_said_stays() {
        let payload = enriched(r#"{"meta":{"browser":{"name":"Own"}}}"#, &of(&chrome()));
        assert_eq!(told(&payload), ("Own", "", "Windows 10", Some(false)));
    }

    #[test]
    fn a_bot_is_marked_and_a_load_test_is_not_one() {
        let hints = Hints {
            user_agent: "Mozilla/5.0 (compatible; Googlebot/2.1)".into(),
            ..Hints::default()
        };
        let mark = |body| {
            let payload = enriched(body, &of(&hints));
            payload
                .farol
                .added
                .get("user_agent.synthetic.type")
                .cloned()
        };
        assert_eq!(mark("{}"), Some("bot".into()));
        assert_eq!(mark(r#"{"meta":{"k6":{"isK6Browser":true}}}"#), None);
    }

    #[test]
    fn a_browser_that_k6_drives_is_known_by_its_user_agent() {
        let hints = Hints {
            user_agent: format!("{CHROME} k6/shop-2026-06-01T10:00"),
            ..Hints::default()
        };
        let payload = enriched("{}", &of(&hints));
        assert_eq!(payload.meta.k6.is_k6_browser, Some(true));
        assert_eq!(payload.meta.k6.test_run_id, "shop-2026-06-01T10:00");
        assert_eq!(payload.farol.added.get("user_agent.synthetic.type"), None);
        assert_eq!(payload.meta.browser.name, "Chrome");
        let own = enriched(r#"{"meta":{"k6":{"testRunId":"own"}}}"#, &of(&hints));
        assert_eq!(own.meta.k6.test_run_id, "own");
        assert_eq!(enriched("{}", &of(&chrome())).meta.k6.is_k6_browser, None);
    }

    #[test]
    fn an_address_goes_or_its_network_stays_as_the_operator_says() {
        let hints = Hints::default();
        let address = |address, client: &str, body| {
            let known = Known {
                address,
                client: Some(ClientAddress::new(client.parse().unwrap())),
                ..of(&hints)
            };
            let payload = enriched(body, &known);
            assert!(
                !String::from_utf8(payload.encode())
                    .unwrap()
                    .contains(client)
            );
            payload
                .farol
                .added
                .get("client.address")
                .map(|v| v.to_text())
        };
        let truncate = AddressUse::Truncate;
        assert_eq!(address(AddressUse::Drop, "192.0.2.77", "{}"), None);
        assert_eq!(
            address(truncate, "192.0.2.77", "{}"),
            Some("192.0.2.0".into())
        );
        let v6 = address(truncate, "2001:db8:1:2:3::4", "{}");
        assert_eq!(v6, Some("2001:db8:1::".into()));
        let declined = r#"{"meta":{"session":{"overrides":{"geoLocationTrackingEnabled":false}}}}"#;
        assert_eq!(address(truncate, "192.0.2.77", declined), None);
    }

    #[test]
    fn a_declared_app_has_its_name_from_the_configuration_and_the_pages_word_beside_it() {
        let (app, hints) = (App::new("shop"), Hints::default());
        let known = Known {
            app: Some(&app),
            ..of(&hints)
        };
        for (claimed, beside) in [("forged", Some("forged")), ("shop", None), ("", None)] {
            let body = format!(r#"{{"meta":{{"app":{{"name":"{claimed}"}}}}}}"#);
            let payload = enriched(&body, &known);
            assert_eq!(payload.meta.app.name, "shop");
            let added = payload.farol.added.get("farol.app.name");
            assert_eq!(added, beside.map(|it| it.into()).as_ref(), "{claimed}");
        }
    }
}
