//! The resource: the service, where it runs, and what made its telemetry.

use crate::convert::attrs::Attrs;
use crate::convert::tree::Resource;
use crate::record::Header;
use farol_protocol::names::attr;
use farol_protocol::payload::Payload;

/// OpenTelemetry's name for a service that nobody named.
const UNKNOWN: &str = "unknown_service";

/// The service's name: what the operator declared, else what the browser says. A browser can say anything; a session's own choice is the
/// app's name in the payload only where receiving has put it there, because the app allows it.
pub(super) fn service<'a>(header: &'a Header, payload: &'a Payload) -> &'a str {
    let (name, chosen) = (
        &payload.meta.app.name,
        &payload.meta.session.overrides.service_name,
    );
    let names = match name == chosen {
        true => [name, &header.app],
        false => [&header.app, name],
    };
    let known = names.into_iter().find(|name| !name.is_empty());
    known.map_or(UNKNOWN, String::as_str)
}

/// The resource of a payload's records.
pub(super) fn of<'a>(header: &'a Header, payload: &'a Payload) -> Resource<'a> {
    let sdk = &payload.meta.sdk;
    with_sdk(header, payload, &sdk.name, &sdk.version)
}

/// The resource of what a certain SDK made: Faro's spans come from OpenTelemetry's.
pub(super) fn with_sdk<'a>(
    header: &'a Header,
    payload: &'a Payload,
    name: &'a str,
    version: &'a str,
) -> Resource<'a> {
    let app = &payload.meta.app;
    let mut out = Attrs::with_room(8);
    out.text(attr::SERVICE_NAME, service(header, payload));
    out.text(attr::SERVICE_NAMESPACE, &app.namespace);
    out.text(attr::SERVICE_VERSION, &app.version);
    out.text(attr::DEPLOYMENT_ENVIRONMENT, &app.environment);
    out.text(attr::TELEMETRY_SDK_NAME, name);
    out.text(attr::TELEMETRY_SDK_LANGUAGE, language(name));
    out.text(attr::TELEMETRY_SDK_VERSION, version);
    out.text(attr::APP_BUILD_ID, &app.bundle_id);
    Resource {
        attributes: out,
        dropped: 0,
    }
}

/// What an SDK is written in: Faro's for Flutter calls itself `rum-flutter`, all others that send here run as JavaScript.
fn language(sdk: &str) -> &'static str {
    match sdk.contains("flutter") {
        true => "dart",
        false => "webjs",
    }
}
