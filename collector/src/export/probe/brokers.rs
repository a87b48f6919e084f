//! Kafka, asked as a destination and as a source: whether it lets the collector in, and whether the topics are there.

use super::{Probe, Signal};
use crate::config::{self, Brokers, Signals};
use crate::doctor::Report;
use crate::export::destination::Reason;
use crate::export::kafka::named;
use crate::kafka::{auth, code, lacking};

/// Asks the cluster that a source reads from.
pub(crate) async fn source(what: &str, source: &config::Source, report: &mut Report<'_>) {
    let at = config::shown(&source.brokers.remote.endpoint.to_string()).into_owned();
    let mut probe = Probe { what, at, report };
    let topics = [source.topic.clone()];
    let asked = probe.brokers(&source.brokers, &topics).await;
    match asked {
        Ok(Some(lacking)) if !lacking.is_empty() => probe.fail(
            &format!("the topic {} is not there, or not for this user", source.topic),
            "correct its topic, make it, or let the user read it; it is read from the moment that it is there",
        ),
        Ok(_) => {}
        Err(error) => probe.fail(&format!("{error:#}"), "correct its settings"),
    }
}

impl Probe<'_, '_> {
    pub(super) async fn kafka(
        &mut self,
        settings: &config::Kafka,
        signals: Signals,
    ) -> anyhow::Result<()> {
        let topics = named(settings, Signal::of(signals));
        let lacking = self.brokers(&settings.brokers, &topics).await?;
        if let Some(lacking) = lacking.filter(|it| !it.is_empty()) {
            self.warn(
                &format!("not there, or not for this user: the topics {}", lacking.join(", ")),
                "make them, and let the user write there; brokers with auto.create.topics.enable make them with the first message",
            );
        }
        Ok(())
    }

    /// What is lacking of these topics, where there is a cluster that lets the collector in.
    async fn brokers(
        &mut self,
        brokers: &Brokers,
        topics: &[String],
    ) -> anyhow::Result<Option<Vec<String>>> {
        // What is wrong with a password, or a file of TLS, is no fault of the cluster.
        auth(brokers)?;
        match lacking(brokers, topics).await {
            Ok(lacking) => {
                let at = &self.at;
                self.ok(&format!("{at} is a broker that lets the collector in"));
                return Ok(Some(lacking));
            }
            Err(error) => {
                let reason = Reason::code(code(&error));
                match reason.code.as_str() {
                    "kafka authentication" => self.stranger(&reason),
                    _ => self.silent(&reason),
                }
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use krafka::testing::FakeBroker;

    use super::*;
    use crate::config::{
        Destination, DestinationKind, Kafka, KafkaCompression, KafkaEncoding, Remote, Tenants,
    };
    use crate::export::Template;
    use crate::export::probe::look;

    async fn destination(
        brokers: &Brokers,
        encoding: KafkaEncoding,
        topic: Option<&str>,
    ) -> String {
        let kind = DestinationKind::Kafka(Kafka {
            brokers: brokers.clone(),
            encoding,
            topic: topic.map(|it| Template::parse(it).unwrap()),
            tenants: Tenants::new(),
            compression: KafkaCompression::None,
        });
        let mut out = Vec::new();
        let mut report = Report::new(&mut out, false);
        look("destination d", &Destination::new("d", kind), &mut report).await;
        drop(report);
        String::from_utf8(out).unwrap()
    }

    async fn read(brokers: &Brokers, topic: &str) -> String {
        let settings = config::Source {
            name: "s".into(),
            brokers: brokers.clone(),
            topic: topic.into(),
            group: "g".into(),
        };
        let mut out = Vec::new();
        let mut report = Report::new(&mut out, false);
        source("source s", &settings, &mut report).await;
        drop(report);
        String::from_utf8(out).unwrap()
    }

    fn brokers(address: &str) -> Brokers {
        Brokers {
            remote: Remote::new(format!("tcp://{address}").parse().unwrap()),
            addresses: vec![address.to_owned()],
            login: None,
        }
    }

    #[tokio::test]
    async fn a_topic_that_is_not_there_is_told_and_not_made() {
        let broker = FakeBroker::start().await.unwrap();
        broker.create_topic("otlp_logs", 1);
        let brokers = brokers(&broker.bootstrap_servers());
        let otlp = KafkaEncoding::OtlpProto;
        let said = destination(&brokers, otlp, None).await;
        assert!(said.starts_with("ok "), "{said}");
        assert!(said.contains("topics otlp_spans, otlp_metrics;"), "{said}");
        for (encoding, topic) in [(otlp, Some("otlp_logs")), (otlp, Some("t.{app}"))] {
            let said = destination(&brokers, encoding, topic).await;
            assert_eq!(said.lines().count(), 1, "{said}");
        }
        let said = read(&brokers, "farol").await;
        assert!(
            said.contains("fail  source s: the topic farol is not there"),
            "{said}"
        );
        broker.create_topic("farol", 1);
        for said in [
            read(&brokers, "farol").await,
            destination(&brokers, KafkaEncoding::Farol, None).await,
        ] {
            assert!(
                said.starts_with("ok ") && said.lines().count() == 1,
                "{said}"
            );
        }
        assert!(
            broker.with_state(|it| it.topics.len()) == 2,
            "nothing was made"
        );
    }

    #[tokio::test]
    async fn nobody_at_the_address_of_a_source_is_a_finding() {
        let bound = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = bound.local_addr().unwrap().to_string();
        drop(bound);
        let said = read(&brokers(&address), "farol").await;
        assert!(
            said.starts_with("fail  source s: nobody answers at "),
            "{said}"
        );
    }
}
