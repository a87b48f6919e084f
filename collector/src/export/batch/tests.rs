use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use prost::Message as _;

use super::*;
use crate::export::samples;

#[test]
fn items_of_one_service_share_its_resource() {
    let sources: Vec<Source> = ["a", "b", "c"]
        .iter()
        .map(|body| Source::Record(samples::log("shop", body).into()))
        .chain([Source::Record(samples::log("other", "d").into())])
        .collect();
    let batch = Batch::new(Signal::Logs, sources);
    let request = ExportLogsServiceRequest::decode(&*batch.protobuf()).unwrap();
    let shape: Vec<usize> = request
        .resource_logs
        .iter()
        .map(|it| it.scope_logs[0].log_records.len())
        .collect();
    assert_eq!(shape, [3, 1]);
}

#[test]
fn what_is_written_already_goes_out_as_what_is_not_and_can_be_told_as_json() {
    let trees = ["a", "b", "a"].map(|service| samples::log(service, "m"));
    let rich = || [samples::rich()].into_iter();
    for signal in [Signal::Logs, Signal::Traces] {
        let records = trees.iter().cloned().chain(rich());
        let records = records.map(|it| Source::Record(it.into())).collect();
        let written = trees.iter().cloned().chain(rich());
        let written = written
            .map(|it| Source::Written(Arc::new(Written::from(it))))
            .collect();
        let (records, written) = (Batch::new(signal, records), Batch::new(signal, written));
        assert!(!records.is_empty() && records.len() == written.len());
        let sources = |batch: &Batch| batch.sources().collect::<Vec<_>>();
        assert_eq!(sources(&records), sources(&written));
        assert_eq!(records.protobuf(), written.protobuf());
        assert_eq!(records.json(), written.json());
        let halves = |batch: &Batch| batch.split().map(|(a, b)| (a.protobuf(), b.protobuf()));
        assert_eq!(halves(&records), halves(&written));
        // Whatever part of it: the same items in the same order, of the same sources, under the same resources.
        let part = [0, 2, records.len() - 1];
        let (records, written) = (records.only(&part), written.only(&part));
        let typed = written.typed();
        assert_eq!(sources(&records), sources(&typed));
        let told = |batch: &Batch| match signal {
            Signal::Logs => format!("{:?}", batch.placed::<LogRecord>().collect::<Vec<_>>()),
            _ => format!("{:?}", batch.placed::<Span>().collect::<Vec<_>>()),
        };
        assert_eq!(told(&records), told(&typed));
    }
}

#[test]
fn a_split_batch_holds_each_item_once_and_in_order() {
    let sources = (0..5)
        .map(|at| Source::Record(samples::log("shop", &at.to_string()).into()))
        .collect();
    let batch = Batch::new(Signal::Logs, sources);
    let (left, right) = batch.split().unwrap();
    assert_eq!(left.sources().collect::<Vec<_>>(), [0, 1, 2]);
    assert_eq!(right.sources().collect::<Vec<_>>(), [3, 4]);
    let bodies: Vec<_> = left.logs().chain(right.logs()).collect();
    assert_eq!(bodies, batch.logs().collect::<Vec<_>>());
}

#[test]
fn one_item_cannot_be_split() {
    let one = Source::Record(samples::log("shop", "a").into());
    assert!(Batch::new(Signal::Logs, vec![one]).split().is_none());
}
