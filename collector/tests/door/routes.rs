//! Which destination gets what.

use farol_collector::condition::Condition;
use farol_collector::config::Destination;
use farol_protocol::sampling::sampled;

use crate::harness::{Backend, Collector, app, eventually};

fn when(mut destination: Destination, text: &str) -> Destination {
    destination.when = Some(Condition::parse(text).unwrap());
    destination
}

fn filtered(destination: &str, reason: &str) -> String {
    format!(
        "farol_destination_items_total{{destination=\"{destination}\",outcome=\"filtered\",reason=\"{reason}\"}}"
    )
}

#[tokio::test]
async fn each_destination_gets_what_it_asks_for_and_the_books_stay_exact() {
    let [shop, errors, some] = [
        Backend::start().await,
        Backend::start().await,
        Backend::start().await,
    ];
    let collector = Collector::with(|config| {
        config.apps = ["shop", "bank"]
            .map(|name| app(name, name, "https://shop.example"))
            .into();
        let mut sample = some.destination("sample");
        sample.sampling = 0.5;
        config.destinations = vec![
            when(shop.destination("shop"), r#"app == "shop""#),
            when(
                errors.destination("errors"),
                r#"kind == "exception" || level == "error""#,
            ),
            sample,
        ];
    })
    .await;
    let (mut kept, sessions) = (0, 20);
    for n in 0..sessions {
        let id = format!("session-{n}");
        kept += 3 * u64::from(sampled(&id, 0.5));
        let body = format!(
            r#"{{"meta":{{"session":{{"id":"{id}"}}}},"logs":[{{"message":"a","level":"error"}},{{"message":"b","level":"info"}}],"exceptions":[{{"type":"E"}}]}}"#
        );
        let key = ["shop", "bank"][n % 2];
        let origin = [("origin", "https://shop.example")];
        let answer = collector
            .post(&format!("/collect/{key}"), &origin, body)
            .await;
        assert_eq!(answer.status, 202);
    }
    let all = 3 * sessions as u64;
    for (backend, name, reason, got) in [
        (&shop, "shop", "route", all / 2),
        (&errors, "errors", "route", all * 2 / 3),
        (&some, "sample", "sampled_out", kept),
    ] {
        eventually(name, || async { backend.logs() == got }).await;
        collector
            .until_metric(&filtered(name, reason), all - got)
            .await;
        let pending = format!("farol_destination_items_pending{{destination=\"{name}\"}}");
        collector.until_metric(&pending, 0).await;
    }
}
