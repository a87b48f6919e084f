//! What one request brought of several apps, parted for people who look at one.

use std::collections::BTreeMap;

use farol_protocol::names::attr;
use opentelemetry_proto::tonic::resource::v1::Resource;

use crate::convert::Otlp;
use crate::export::document::text_of;

/// What came without an app of its own, as a collector takes it that declares none: by the services that it names.
pub(crate) fn by_app(otlp: &Otlp) -> BTreeMap<Option<String>, Otlp> {
    let of = |resource: &Option<Resource>| {
        let name = text_of(&resource.as_ref()?.attributes, attr::SERVICE_NAME)?;
        Some(name.to_owned())
    };
    let mut all = BTreeMap::<_, Otlp>::new();
    for it in &otlp.logs {
        all.entry(of(&it.resource))
            .or_default()
            .logs
            .push(it.clone());
    }
    for it in &otlp.traces {
        all.entry(of(&it.resource))
            .or_default()
            .traces
            .push(it.clone());
    }
    for it in &otlp.metrics {
        all.entry(of(&it.resource))
            .or_default()
            .metrics
            .push(it.clone());
    }
    all
}
