use std::time::Duration;

use super::*;
use crate::config::{AppKey, Origin, Secret};

const NOW: SystemTime = SystemTime::UNIX_EPOCH;

fn shop() -> App {
    let origin = Origin::parse("https://shop.example").unwrap();
    App::new("shop")
        .with("k1", origin.clone())
        .with("k2", origin)
}

fn admission() -> Admission {
    of(vec![shop()])
}

fn of(apps: Vec<App>) -> Admission {
    Admission::new(&config(apps), None)
}

fn config(apps: Vec<App>) -> Config {
    Config {
        apps,
        ..Config::default()
    }
}

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    pairs
        .iter()
        .map(|(k, v)| (http::HeaderName::from_static(k), v.parse().unwrap()))
        .collect()
}

const ORIGIN: (&str, &str) = ("origin", "https://shop.example");

#[test]
fn a_key_counts_from_path_header_or_authorization() {
    let apps = admission();
    let name = |key, more: &[(&'static str, &str)]| {
        let headers = headers(&[&[ORIGIN], more].concat());
        let app = apps.admit(key, &headers, NOW).unwrap();
        app.unwrap().app.name.clone()
    };
    assert_eq!(name(Some("k1"), &[]), "shop");
    assert_eq!(name(None, &[("x-api-key", "k2")]), "shop");
    assert_eq!(name(None, &[("authorization", "Bearer k2")]), "shop");
    assert_eq!(name(None, &[("authorization", "k2")]), "shop");
}

#[test]
fn who_has_no_key_a_wrong_key_or_a_wrong_origin_is_told_so() {
    let apps = admission();
    let why = |key, h: &[(&'static str, &str)]| apps.admit(key, &headers(h), NOW).unwrap_err().0;
    assert_eq!(why(None, &[]), Refusal::MissingKey);
    let basic = ("authorization", "Basic k1");
    assert_eq!(why(None, &[basic]), Refusal::MissingKey);
    assert_eq!(why(Some("k3"), &[]), Refusal::UnknownKey);
    assert_eq!(why(Some(""), &[]), Refusal::UnknownKey);
    assert_eq!(why(Some("k1"), &[]), Refusal::WrongOrigin);
    let evil = ("origin", "https://evil.example");
    assert_eq!(why(Some("k1"), &[evil]), Refusal::WrongOrigin);
}

#[test]
fn each_of_many_keys_is_found_and_no_other() {
    let all = Origin::parse("*").unwrap();
    let apps: Vec<_> = (0..100)
        .map(|i| App::new(format!("app-{i}")).with(&format!("key-{i}"), all.clone()))
        .collect();
    let apps = of(apps);
    for i in 0..100 {
        let app = apps.admit(Some(&format!("key-{i}")), &headers(&[ORIGIN]), NOW);
        assert_eq!(app.unwrap().unwrap().app.name, format!("app-{i}"));
    }
    let stranger = apps.admit(Some("key-100"), &headers(&[ORIGIN]), NOW);
    assert_eq!(stranger.unwrap_err().0, Refusal::UnknownKey);
}

#[test]
fn a_key_counts_to_its_last_moment_and_not_beyond() {
    let last = NOW + Duration::from_secs(60);
    let mut app = shop();
    app.keys.push(AppKey {
        key: Secret::new("old"),
        label: "old".into(),
        not_after: Some(last),
    });
    let apps = of(vec![app]);
    let at = |now| apps.admit(Some("old"), &headers(&[ORIGIN]), now);
    assert!(at(last).is_ok());
    let late = last + Duration::from_nanos(1);
    assert_eq!(at(late).unwrap_err().0, Refusal::ExpiredKey);
}

#[test]
fn what_each_key_admitted_is_counted_over_reloads() {
    let first = admission();
    let admit = |apps: &Admission, key| drop(apps.admit(Some(key), &headers(&[ORIGIN]), NOW));
    admit(&first, "k1");
    admit(&first, "k2");
    admit(&first, "k3");
    let second = Admission::new(&config(vec![shop()]), Some(&first));
    admit(&second, "k2");
    let row = |key: &str, n| ("shop".to_owned(), key.to_owned(), n);
    assert_eq!(second.key_uses().figures(), [row("1", 1), row("2", 2)]);
}

#[test]
fn a_session_calls_itself_otherwise_only_where_it_may_and_never_as_another_app() {
    let mut app = shop();
    let others = |app: &App| of(vec![app.clone(), App::new("bank")]);
    assert!(!others(&app).may_call_itself(&app, "checkout"));
    app.allow_service_override = true;
    let apps = others(&app);
    assert!(apps.may_call_itself(&app, "checkout"));
    assert!(!apps.may_call_itself(&app, "bank"));
    assert!(!apps.may_call_itself(&app, ""));
}

#[test]
fn without_declared_apps_everybody_may_send() {
    let open = of(Vec::new());
    let app = open.admit(Some("any"), &HeaderMap::new(), NOW);
    assert!(app.unwrap().is_none());
}
