use super::*;
use crate::config::{Destination, DestinationKind, Secret};
use crate::export::fake::{Answer as Said, Fake, Seen, remote};
use crate::export::setup as all;

const ES: &[u8] = br#"{"version":{"number":"9.1.0"}}"#;
const OS: &[u8] = br#"{"version":{"number":"2.19.6","distribution":"opensearch"}}"#;

fn said(status: u16, body: &[u8]) -> Said {
    Said::with(status, "content-type", "application/json", body)
}

fn settings(fake: &Fake) -> Settings {
    let mut remote = remote(&format!("http://{}/es", fake.address)).remote;
    let header = HeaderName::from_static("authorization");
    remote.headers = vec![(header, Secret::new("hunter2"))];
    Settings::new(remote)
}

async fn run_with(answers: Vec<Said>, dry_run: bool) -> (Result<()>, String, Vec<Seen>) {
    let mut fake = Fake::answering(answers).await;
    let kind = DestinationKind::Elasticsearch(settings(&fake));
    let wanted = all::Wanted {
        kind: "elasticsearch".into(),
        destination: None,
        dry_run,
    };
    let mut out = Vec::new();
    let done = all::run(&[Destination::new("es", kind)], &wanted, &mut out).await;
    let mut seen = Vec::new();
    while let Ok(one) = fake.seen.try_recv() {
        seen.push(one);
    }
    let out = String::from_utf8(out).unwrap();
    assert!(!format!("{out}{done:?}").contains("hunter2"));
    (done, out, seen)
}

fn none() -> Said {
    said(404, b"{}")
}

fn yes() -> Said {
    said(200, br#"{"acknowledged":true}"#)
}

#[tokio::test]
async fn what_is_missing_is_made() {
    for (about, policy) in [
        (ES, "/es/_ilm/policy/farol"),
        (OS, "/es/_plugins/_ism/policies/farol"),
    ] {
        let answers = vec![said(200, about), none(), yes(), none(), yes()];
        let (done, out, seen) = run_with(answers, false).await;
        done.unwrap();
        assert!(
            out.contains("es: index template farol: made\nes: lifecycle policy farol"),
            "{out}"
        );
        let paths: Vec<_> = seen.iter().map(|it| it.path.as_str()).collect();
        let template = "/es/_index_template/farol";
        assert_eq!(paths, ["/es/", template, template, policy, policy]);
        let body: Value = serde_json::from_slice(&seen[2].body).unwrap();
        assert_eq!(
            body["index_patterns"],
            json!(["logs-farol-*", "traces-farol-*"])
        );
        let text = String::from_utf8_lossy(&seen[4].body).into_owned();
        assert!(text.contains("30d"), "{text}");
    }
}

#[tokio::test]
async fn what_is_as_it_should_be_is_left_alone() {
    let fake = Fake::answering(vec![]).await;
    let settings = settings(&fake);
    for (about, flavour) in [(ES, Flavour::Elasticsearch), (OS, Flavour::OpenSearch)] {
        let [template, policy] = [template(&settings, flavour), policy(&settings, flavour)];
        let there = |it: &Wanted| said(200, shown(it).to_string().as_bytes());
        let answers = vec![said(200, about), there(&template), there(&policy)];
        let (done, out, seen) = run_with(answers, false).await;
        done.unwrap();
        assert_eq!(out.matches("as it should be").count(), 2, "{out}");
        assert_eq!(seen.len(), 3);
    }
}

#[test]
fn the_time_of_a_document_is_never_malformed() {
    let fake = remote("http://127.0.0.1:1").remote;
    let mut template = template(&Settings::new(fake), Flavour::Elasticsearch).body;
    let times = template["template"]["mappings"]["properties"].take();
    assert_eq!(
        times["@timestamp"],
        json!({ "type": "date_nanos", "ignore_malformed": false })
    );
    assert_eq!(times["event.created"], json!({ "type": "date_nanos" }));
}

#[tokio::test]
async fn what_another_version_made_is_changed() {
    let old = br#"{"_seq_no":4,"_primary_term":2,"policy":{"description":"farol old"}}"#;
    let answers = vec![
        said(200, OS),
        said(200, b"{}"),
        yes(),
        said(200, old),
        yes(),
    ];
    let (done, out, seen) = run_with(answers, false).await;
    done.unwrap();
    assert_eq!(out.matches(": changed").count(), 2, "{out}");
    assert_eq!(seen[4].path, "/es/_plugins/_ism/policies/farol");
}

#[tokio::test]
async fn a_cluster_that_does_not_say_what_it_is_to_this_user_is_set_up_all_the_same() {
    let refused = Said::with(403, "X-Elastic-Product", "Elasticsearch", b"{}");
    let (done, out, seen) = run_with(vec![refused, none(), yes(), none(), yes()], false).await;
    done.unwrap();
    assert_eq!(out.matches(": made").count(), 2, "{out}");
    assert_eq!(seen[4].path, "/es/_ilm/policy/farol");
    // Whoever else says so is told on.
    let (done, _, seen) = run_with(vec![said(403, b"{}")], false).await;
    assert!(done.is_err() && seen.len() == 1);
}

#[tokio::test]
async fn a_dry_run_changes_nothing() {
    let answers = vec![said(200, ES), none(), none()];
    let (done, out, seen) = run_with(answers, true).await;
    done.unwrap();
    assert_eq!(out.matches("would be made").count(), 2, "{out}");
    assert!(seen.iter().all(|it| it.body.is_empty()));
}

#[tokio::test]
async fn where_one_thing_fails_the_other_is_made_and_the_failure_is_said() {
    let answers = vec![
        said(200, OS),
        none(),
        yes(),
        said(400, b"no handler found for uri"),
    ];
    let (done, out, _) = run_with(answers, false).await;
    assert!(out.contains("index template farol: made"), "{out}");
    assert!(
        out.contains("(ISM): failed: http 400: no handler found"),
        "{out}"
    );
    let error = format!("{:#}", done.unwrap_err());
    assert!(
        error.contains("destination \"es\"") && error.contains("(ISM)"),
        "{error}"
    );
}

#[tokio::test]
async fn who_may_not_look_is_told_so() {
    let (done, out, _) = run_with(vec![said(401, b"unauthorized")], false).await;
    assert!(format!("{:#}", done.unwrap_err()).contains("http 401: unauthorized"));
    assert_eq!(out, "");
}

#[tokio::test]
async fn streams_of_another_dataset_have_a_template_and_a_policy_of_their_own() {
    let fake = Fake::answering(vec![]).await;
    let settings = Settings {
        dataset: "rum".into(),
        ..settings(&fake)
    };
    let template = template(&settings, Flavour::Elasticsearch);
    assert_eq!(template.path, "_index_template/farol-rum");
    assert_eq!(
        template.body["index_patterns"],
        json!(["logs-rum-*", "traces-rum-*"])
    );
    let index = &template.body["template"]["settings"]["index"];
    assert_eq!(index["lifecycle.name"], "farol-rum");
    let policy = policy(&settings, Flavour::Elasticsearch);
    assert_eq!(policy.path, "_ilm/policy/farol-rum");
    assert!((policy.mark)(&shown(&policy)).is_some());
}

/// What Kibana's objects may name (`deploy/kibana`) is what the template maps. `FAROL_BLESS=1` writes the list anew.
#[test]
fn the_fields_that_kibana_is_told_of_are_those_of_the_template() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/kibana/fields.json");
    let mappings = mappings(Flavour::Elasticsearch);
    let fields = mappings["properties"].as_object().unwrap();
    let kinds: std::collections::BTreeMap<_, _> = fields
        .iter()
        .map(|(name, it)| (name, &it["type"]))
        .collect();
    let made = format!("{}\n", serde_json::to_string_pretty(&kinds).unwrap());
    if std::env::var_os("FAROL_BLESS").is_some() {
        std::fs::write(path, &made).unwrap();
    }
    assert_eq!(
        std::fs::read_to_string(path).unwrap(),
        made,
        "FAROL_BLESS=1"
    );
}
