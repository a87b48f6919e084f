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
