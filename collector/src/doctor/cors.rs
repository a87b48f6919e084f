//! Whether a page of an origin may send to the collector that runs, asked as a browser and the SDK do: a preflight, and the app's document. Neither
//! leaves an item behind.

use std::time::SystemTime;

use http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD,
    ORIGIN,
};
use http::{HeaderValue, Method};

use super::finding::Report;
use super::running::Local;
use crate::config::{App, Config, Origin};

const WHAT: &str = "cors";

/// Asks for one origin, or for the first of each app that is a whole one.
pub(super) async fn look(
    config: &Config,
    origin: Option<&str>,
    runs: bool,
    report: &mut Report<'_>,
) {
    if !runs {
        if origin.is_some() {
            report.fail(
                WHAT,
                "no collector runs that could be asked",
                "start it first",
            );
        }
        return;
    }
    if !config.public.proxy_protocol.is_empty() || config.listen.port() == 0 {
        report.warn(
            WHAT,
            format!("listen = {} cannot be asked from here", config.listen),
            "ask from a page, or by curl through the proxy",
        );
        return;
    }
    let Some(local) = Local::new(config.listen, config.public.tls.is_some()) else {
        return;
    };
    match origin {
        Some(origin) => named(config, &local, origin, report).await,
        None => {
            for app in &config.apps {
                if let Some(origin) = app.origins.iter().find_map(whole) {
                    match admitted(config, &local, Some(app), &origin).await {
                        Ok(()) => report.ok(
                            WHAT,
                            format!("pages of {origin} may send to app {}", app.name),
                        ),
                        Err((words, remedy)) => report.fail(
                            WHAT,
                            format!("{origin}, app {}: {words}", app.name),
                            remedy,
                        ),
                    }
                }
            }
        }
    }
}

/// One that somebody asks about: it is well where one app takes it.
async fn named(config: &Config, local: &Local, origin: &str, report: &mut Report<'_>) {
    if HeaderValue::from_str(origin).is_err() || !origin.contains("://") {
        let words = format!("{origin:?} is no origin");
        return report.fail(
            WHAT,
            words,
            "write scheme and host, such as https://shop.example",
        );
    }
    if config.apps.is_empty() {
        return match admitted(config, local, None, origin).await {
            Ok(()) => report.ok(
                WHAT,
                format!("pages of {origin} may send, as all others may"),
            ),
            Err((words, remedy)) => report.fail(WHAT, format!("{origin}: {words}"), remedy),
        };
    }
    let mut last = None;
    let mut taken = false;
    for app in &config.apps {
        match admitted(config, local, Some(app), origin).await {
            Ok(()) => {
                taken = true;
                report.ok(
                    WHAT,
                    format!("pages of {origin} may send to app {}", app.name),
                );
            }
            Err(no) => last = Some((app, no)),
        }
    }
    if let (false, Some((app, (words, remedy)))) = (taken, last) {
        report.fail(WHAT, format!("{origin}, app {}: {words}", app.name), remedy);
    }
}

/// Both questions; why not, and what to do.
async fn admitted(
    config: &Config,
    local: &Local,
    app: Option<&App>,
    origin: &str,
) -> Result<(), (String, &'static str)> {
    const LOST: (&str, &str) = (
        "nobody answers at listen",
        "see whether the collector still runs",
    );
    let lost = || (LOST.0.to_owned(), LOST.1);
    let value = HeaderValue::from_str(origin).map_err(|_| lost())?;
    let key = match app {
        Some(app) => format!("/{}", key_of(app, SystemTime::now())?),
        None => String::new(),
    };
    let prefix = &config.public.path;
    let (collect, document) = match config.public.path_only {
        true => (format!("{prefix}{key}"), format!("{prefix}/config{key}")),
        false => (format!("/collect{key}"), format!("/config{key}")),
    };
    let preflight = [
        (ORIGIN, value.clone()),
        (
            ACCESS_CONTROL_REQUEST_METHOD,
            HeaderValue::from_static("POST"),
        ),
        (
            ACCESS_CONTROL_REQUEST_HEADERS,
            HeaderValue::from_static("content-type"),
        ),
    ];
    let answer = local
        .ask(Method::OPTIONS, &collect, &preflight)
        .await
        .ok_or_else(lost)?;
    let allowed = answer.headers.get(ACCESS_CONTROL_ALLOW_ORIGIN);
    if !answer.status.is_success() || !allowed.is_some_and(|it| *it == value || *it == "*") {
        let words = format!(
            "a browser's preflight is answered with http {}",
            answer.status.as_u16()
        );
        return Err((
            words,
            "see whether something else listens there, or takes the headers out",
        ));
    }
    let answer = local
        .ask(Method::GET, &document, &[(ORIGIN, value)])
        .await
        .ok_or_else(lost)?;
    if answer.status.is_success() {
        return Ok(());
    }
    let said: Option<serde_json::Value> = serde_json::from_slice(&answer.body).ok();
    let of = |name: &str| Some(said.as_ref()?[name].as_str()?.to_owned());
    let words = of("message").unwrap_or_else(|| format!("http {}", answer.status.as_u16()));
    let remedy = match of("error").as_deref() {
        Some("wrong_origin") => {
            "add it to the app's origins; a running collector takes the change by itself"
        }
        _ => "see whether the collector that runs has taken these settings (farol_config_refused)",
    };
    Err((words, remedy))
}

/// The key that a page would have now: of those that were rotated the first may be over.
fn key_of(app: &App, now: SystemTime) -> Result<&str, (String, &'static str)> {
    match app.keys.iter().find(|it| it.counts_at(now)) {
        Some(key) => Ok(key.key.reveal()),
        None => Err((
            "none of the app's keys counts any more".into(),
            "add a key, and give it to the page; or name a later not_after",
        )),
    }
}

/// As a browser writes it, where it is one and not many.
fn whole(origin: &Origin) -> Option<String> {
    let scheme = origin.scheme.as_deref()?;
    let port = origin.port.map_or(String::new(), |port| format!(":{port}"));
    (!origin.wildcard).then(|| format!("{scheme}://{}{port}", origin.host))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_page_is_asked_for_with_the_first_key_that_still_counts() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        let origin = || Origin::parse("*").unwrap();
        let mut app = App::new("shop").with("old", origin()).with("new", origin());
        assert_eq!(key_of(&app, now), Ok("old"));
        app.keys[0].not_after = Some(now - Duration::from_secs(1));
        assert_eq!(key_of(&app, now), Ok("new"));
        app.keys[1].not_after = app.keys[0].not_after;
        assert!(key_of(&app, now).is_err());
    }
}
