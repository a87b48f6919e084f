//! Names of the Elastic Common Schema for attributes of ours and of OpenTelemetry, and how each is indexed. What is not here goes to `labels`:
//! pages name attributes as they like, and an index that took each name for a field would be full one day.

use std::collections::HashMap;
use std::sync::LazyLock;

use farol_protocol::names::attr;

use crate::export::taken::Cheaply;

/// How a field is indexed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// By its value. Flags too: what is no flag in another document would be refused.
    Keyword,
    /// By its words.
    Text,
    /// By its size. What is no number is kept and not indexed.
    Number,
}

/// An attribute's name, its field's, and the field's form.
pub(super) const FIELDS: &[(&str, &str, Form)] = &[
    (attr::CODE_FILE_PATH, attr::CODE_FILE_PATH, Form::Keyword),
    (attr::CODE_LINE_NUMBER, attr::CODE_LINE_NUMBER, Form::Number),
    (
        attr::CODE_COLUMN_NUMBER,
        attr::CODE_COLUMN_NUMBER,
        Form::Number,
    ),
    (attr::SERVICE_NAME, attr::SERVICE_NAME, Form::Keyword),
    (
        attr::SERVICE_NAMESPACE,
        attr::SERVICE_NAMESPACE,
        Form::Keyword,
    ),
    (attr::SERVICE_VERSION, attr::SERVICE_VERSION, Form::Keyword),
    (
        attr::DEPLOYMENT_ENVIRONMENT,
        "service.environment",
        Form::Keyword,
    ),
    (
        attr::TELEMETRY_SDK_NAME,
        attr::TELEMETRY_SDK_NAME,
        Form::Keyword,
    ),
    (
        attr::TELEMETRY_SDK_LANGUAGE,
        attr::TELEMETRY_SDK_LANGUAGE,
        Form::Keyword,
    ),
    (
        attr::TELEMETRY_SDK_VERSION,
        attr::TELEMETRY_SDK_VERSION,
        Form::Keyword,
    ),
    (attr::APP_BUILD_ID, attr::APP_BUILD_ID, Form::Keyword),
    (
        attr::APP_INSTALLATION_ID,
        attr::APP_INSTALLATION_ID,
        Form::Keyword,
    ),
    (attr::SESSION_ID, attr::SESSION_ID, Form::Keyword),
    (
        attr::SESSION_PREVIOUS_ID,
        attr::SESSION_PREVIOUS_ID,
        Form::Keyword,
    ),
    (attr::USER_ID, attr::USER_ID, Form::Keyword),
    (attr::USER_NAME, attr::USER_NAME, Form::Keyword),
    (attr::USER_EMAIL, attr::USER_EMAIL, Form::Keyword),
    (attr::USER_FULL_NAME, attr::USER_FULL_NAME, Form::Keyword),
    (attr::USER_HASH, attr::USER_HASH, Form::Keyword),
    (attr::USER_ROLES, attr::USER_ROLES, Form::Keyword),
    (
        attr::USER_AGENT_ORIGINAL,
        attr::USER_AGENT_ORIGINAL,
        Form::Keyword,
    ),
    (attr::USER_AGENT_NAME, attr::USER_AGENT_NAME, Form::Keyword),
    (
        attr::USER_AGENT_VERSION,
        attr::USER_AGENT_VERSION,
        Form::Keyword,
    ),
    (attr::BROWSER_BRANDS, attr::BROWSER_BRANDS, Form::Keyword),
    (
        attr::BROWSER_PLATFORM,
        attr::BROWSER_PLATFORM,
        Form::Keyword,
    ),
    (attr::BROWSER_MOBILE, attr::BROWSER_MOBILE, Form::Keyword),
    (
        attr::BROWSER_LANGUAGE,
        attr::BROWSER_LANGUAGE,
        Form::Keyword,
    ),
    (attr::DOCUMENT_URL, attr::DOCUMENT_URL, Form::Keyword),
    (attr::URL_FULL, attr::URL_FULL, Form::Keyword),
    (attr::URL_TEMPLATE, attr::URL_TEMPLATE, Form::Keyword),
    (attr::OS_NAME, "user_agent.os.name", Form::Keyword),
    (attr::OS_VERSION, "user_agent.os.version", Form::Keyword),
    (attr::OS_BUILD_ID, attr::OS_BUILD_ID, Form::Keyword),
    (attr::OS_DESCRIPTION, "user_agent.os.full", Form::Keyword),
    (attr::DEVICE_ID, attr::DEVICE_ID, Form::Keyword),
    (
        attr::DEVICE_MANUFACTURER,
        attr::DEVICE_MANUFACTURER,
        Form::Keyword,
    ),
    (
        attr::DEVICE_MODEL_IDENTIFIER,
        attr::DEVICE_MODEL_IDENTIFIER,
        Form::Keyword,
    ),
    (
        attr::DEVICE_MODEL_NAME,
        attr::DEVICE_MODEL_NAME,
        Form::Keyword,
    ),
    (
        attr::GEO_CONTINENT,
        "client.geo.continent_code",
        Form::Keyword,
    ),
    (
        attr::GEO_COUNTRY,
        "client.geo.country_iso_code",
        Form::Keyword,
    ),
    (
        attr::GEO_REGION,
        "client.geo.region_iso_code",
        Form::Keyword,
    ),
    (attr::GEO_LOCALITY, "client.geo.city_name", Form::Keyword),
    (attr::EXCEPTION_TYPE, "error.type", Form::Keyword),
    (attr::EXCEPTION_MESSAGE, "error.message", Form::Text),
    (attr::EXCEPTION_STACKTRACE, "error.stack_trace", Form::Text),
    (attr::LOG_RECORD_UID, "event.id", Form::Keyword),
    (attr::VITAL_NAME, attr::VITAL_NAME, Form::Keyword),
    (attr::VITAL_VALUE, attr::VITAL_VALUE, Form::Number),
    (attr::VITAL_DELTA, attr::VITAL_DELTA, Form::Number),
    (attr::VITAL_ID, attr::VITAL_ID, Form::Keyword),
    (attr::VITAL_RATING, attr::VITAL_RATING, Form::Keyword),
    (
        attr::VITAL_NAVIGATION_TYPE,
        attr::VITAL_NAVIGATION_TYPE,
        Form::Keyword,
    ),
    (
        attr::NAVIGATION_SAME_DOCUMENT,
        attr::NAVIGATION_SAME_DOCUMENT,
        Form::Keyword,
    ),
    (
        attr::NAVIGATION_HASH_CHANGE,
        attr::NAVIGATION_HASH_CHANGE,
        Form::Keyword,
    ),
    (attr::NAVIGATION_TYPE, attr::NAVIGATION_TYPE, Form::Keyword),
    (attr::VCS_REVISION, attr::VCS_REVISION, Form::Keyword),
    (attr::CLIENT_ADDRESS, attr::CLIENT_ADDRESS, Form::Keyword),
    (
        attr::USER_AGENT_SYNTHETIC,
        attr::USER_AGENT_SYNTHETIC,
        Form::Keyword,
    ),
    (attr::SERVER_PORT, attr::SERVER_PORT, Form::Number),
    (attr::ITEM_KIND, attr::ITEM_KIND, Form::Keyword),
    (attr::CLIENT_ID, attr::CLIENT_ID, Form::Keyword),
    (attr::ITEM_SEQUENCE, attr::ITEM_SEQUENCE, Form::Number),
    (attr::APP_NAME, attr::APP_NAME, Form::Keyword),
    (attr::APP_RELEASE, attr::APP_RELEASE, Form::Keyword),
    (
        attr::SDK_INTEGRATIONS,
        attr::SDK_INTEGRATIONS,
        Form::Keyword,
    ),
    (
        attr::SESSION_OVERRIDE_SERVICE,
        attr::SESSION_OVERRIDE_SERVICE,
        Form::Keyword,
    ),
    (
        attr::SESSION_OVERRIDE_GEO,
        attr::SESSION_OVERRIDE_GEO,
        Form::Keyword,
    ),
    (attr::PAGE_ID, attr::PAGE_ID, Form::Keyword),
    (attr::VIEW_NAME, attr::VIEW_NAME, Form::Keyword),
    (attr::VIEWPORT_WIDTH, attr::VIEWPORT_WIDTH, Form::Number),
    (attr::VIEWPORT_HEIGHT, attr::VIEWPORT_HEIGHT, Form::Number),
    (attr::DEVICE_BRAND, attr::DEVICE_BRAND, Form::Keyword),
    (
        attr::DEVICE_IS_PHYSICAL,
        attr::DEVICE_IS_PHYSICAL,
        Form::Keyword,
    ),
    (attr::DEVICE_TYPE, attr::DEVICE_TYPE, Form::Keyword),
    (
        attr::GEO_AS_ORGANIZATION,
        "client.as.organization.name",
        Form::Keyword,
    ),
    (attr::GEO_AS_NUMBER, "client.as.number", Form::Number),
    (attr::K6_BROWSER, attr::K6_BROWSER, Form::Keyword),
    (attr::K6_TEST_RUN, attr::K6_TEST_RUN, Form::Keyword),
    (attr::SAMPLING_RATE, attr::SAMPLING_RATE, Form::Number),
    (attr::SAMPLING_STATE, attr::SAMPLING_STATE, Form::Keyword),
    (attr::BATCH_FIRST, attr::BATCH_FIRST, Form::Keyword),
    (attr::BATCH_DEFERRED, attr::BATCH_DEFERRED, Form::Keyword),
    (attr::TIME_CLIENT, attr::TIME_CLIENT, Form::Keyword),
    (attr::TIME_REPLACED, attr::TIME_REPLACED, Form::Keyword),
    (attr::ACTION_ID, attr::ACTION_ID, Form::Keyword),
    (attr::ACTION_NAME, attr::ACTION_NAME, Form::Keyword),
    (attr::ACTION_PARENT, attr::ACTION_PARENT, Form::Keyword),
    (attr::BAD_TRACE_ID, attr::BAD_TRACE_ID, Form::Keyword),
    (attr::BAD_SPAN_ID, attr::BAD_SPAN_ID, Form::Keyword),
    (attr::BAD_PARENT_ID, attr::BAD_PARENT_ID, Form::Keyword),
    (attr::EVENT_DOMAIN, attr::EVENT_DOMAIN, Form::Keyword),
    (attr::EVENT_NAME, attr::EVENT_NAME, Form::Keyword),
    (
        attr::MEASUREMENT_TYPE,
        attr::MEASUREMENT_TYPE,
        Form::Keyword,
    ),
    (attr::NAVIGATION_FROM, attr::NAVIGATION_FROM, Form::Keyword),
    (
        attr::NAVIGATION_DURATION,
        attr::NAVIGATION_DURATION,
        Form::Number,
    ),
    (attr::NAVIGATION_KIND, attr::NAVIGATION_KIND, Form::Keyword),
    (attr::NAVIGATION_ID, attr::NAVIGATION_ID, Form::Keyword),
    (
        attr::NAVIGATION_PREVIOUS,
        attr::NAVIGATION_PREVIOUS,
        Form::Keyword,
    ),
    (attr::RESOURCE_ID, attr::RESOURCE_ID, Form::Keyword),
    (attr::EXCEPTION_COUNT, attr::EXCEPTION_COUNT, Form::Number),
    (
        attr::EXCEPTION_FINGERPRINT,
        attr::EXCEPTION_FINGERPRINT,
        Form::Keyword,
    ),
    (
        attr::EXCEPTION_HANDLED,
        attr::EXCEPTION_HANDLED,
        Form::Keyword,
    ),
    (attr::EXCEPTION_FATAL, attr::EXCEPTION_FATAL, Form::Keyword),
    (
        attr::EXCEPTION_MECHANISM,
        attr::EXCEPTION_MECHANISM,
        Form::Keyword,
    ),
    (attr::COUNT, attr::COUNT, Form::Number),
    (attr::RESOURCE_KIND, attr::RESOURCE_KIND, Form::Keyword),
    (attr::RESOURCE_PARTY, attr::RESOURCE_PARTY, Form::Keyword),
    (attr::FONT_FAMILY, attr::FONT_FAMILY, Form::Keyword),
    (attr::TAG_NAME, attr::TAG_NAME, Form::Keyword),
    (attr::ELEMENT_NAME, attr::ELEMENT_NAME, Form::Keyword),
    (attr::ELEMENT_TEXT, attr::ELEMENT_TEXT, Form::Keyword),
    (
        attr::FRUSTRATION_TYPE,
        attr::FRUSTRATION_TYPE,
        Form::Keyword,
    ),
    (attr::ACTION_DURATION, attr::ACTION_DURATION, Form::Number),
    (attr::ACTION_REQUESTS, attr::ACTION_REQUESTS, Form::Number),
    (
        attr::ACTION_FAILED_REQUESTS,
        attr::ACTION_FAILED_REQUESTS,
        Form::Number,
    ),
    (attr::ACTION_ERRORS, attr::ACTION_ERRORS, Form::Number),
    (
        attr::ACTION_LONG_FRAMES,
        attr::ACTION_LONG_FRAMES,
        Form::Number,
    ),
    (attr::ACTION_KEY, attr::ACTION_KEY, Form::Keyword),
    (attr::ANSWER_TRACE, attr::ANSWER_TRACE, Form::Keyword),
    (attr::ANSWER_SPAN, attr::ANSWER_SPAN, Form::Keyword),
    (attr::WORKER_NAME, attr::WORKER_NAME, Form::Keyword),
    (attr::MARK_NAME, attr::MARK_NAME, Form::Keyword),
    (attr::MARK_TYPE, attr::MARK_TYPE, Form::Keyword),
    (attr::MARK_DURATION, attr::MARK_DURATION, Form::Number),
    (attr::CONSOLE_METHOD, attr::CONSOLE_METHOD, Form::Keyword),
    (attr::CONSOLE_TEXT, attr::CONSOLE_TEXT, Form::Text),
    (attr::REPORT_TYPE, attr::REPORT_TYPE, Form::Keyword),
    (attr::REPORT_ID, attr::REPORT_ID, Form::Keyword),
    (attr::REPORT_MESSAGE, attr::REPORT_MESSAGE, Form::Text),
    (
        attr::REPORT_DIRECTIVE,
        attr::REPORT_DIRECTIVE,
        Form::Keyword,
    ),
    (
        attr::REPORT_DISPOSITION,
        attr::REPORT_DISPOSITION,
        Form::Keyword,
    ),
    (attr::REPORT_BLOCKED, attr::REPORT_BLOCKED, Form::Keyword),
    (attr::REPORT_SOURCE, attr::REPORT_SOURCE, Form::Keyword),
    (attr::REPORT_LINE, attr::REPORT_LINE, Form::Number),
    (attr::REPORT_COLUMN, attr::REPORT_COLUMN, Form::Number),
    (attr::REPORT_REASON, attr::REPORT_REASON, Form::Keyword),
    (attr::REPORT_STACK, attr::REPORT_STACK, Form::Text),
    (
        attr::REPORT_VISIBILITY,
        attr::REPORT_VISIBILITY,
        Form::Keyword,
    ),
    (attr::FORM_NAME, attr::FORM_NAME, Form::Keyword),
    (attr::FORM_FIELD, attr::FORM_FIELD, Form::Keyword),
    (attr::FORM_FIELDS, attr::FORM_FIELDS, Form::Number),
    (attr::FORM_DURATION, attr::FORM_DURATION, Form::Number),
    (attr::FRAME_TYPE, attr::FRAME_TYPE, Form::Keyword),
    (attr::FRAME_DURATION, attr::FRAME_DURATION, Form::Number),
    (attr::FRAME_BLOCKING, attr::FRAME_BLOCKING, Form::Number),
    (attr::FRAME_RENDER, attr::FRAME_RENDER, Form::Number),
    (attr::FRAME_STYLE, attr::FRAME_STYLE, Form::Number),
    (attr::FRAME_SCRIPTS, attr::FRAME_SCRIPTS, Form::Number),
    (
        attr::FRAME_SCRIPT_TIME,
        attr::FRAME_SCRIPT_TIME,
        Form::Number,
    ),
    (attr::SCRIPT_URL, attr::SCRIPT_URL, Form::Keyword),
    (attr::SCRIPT_FUNCTION, attr::SCRIPT_FUNCTION, Form::Keyword),
    (attr::SCRIPT_POSITION, attr::SCRIPT_POSITION, Form::Number),
    (attr::SCRIPT_INVOKER, attr::SCRIPT_INVOKER, Form::Keyword),
    (
        attr::SCRIPT_INVOKER_TYPE,
        attr::SCRIPT_INVOKER_TYPE,
        Form::Keyword,
    ),
    (attr::SCRIPT_DURATION, attr::SCRIPT_DURATION, Form::Number),
    (attr::SCRIPT_FORCED, attr::SCRIPT_FORCED, Form::Number),
    (
        attr::HTTP_REQUEST_METHOD,
        attr::HTTP_REQUEST_METHOD,
        Form::Keyword,
    ),
    (
        attr::HTTP_RESPONSE_STATUS_CODE,
        attr::HTTP_RESPONSE_STATUS_CODE,
        Form::Number,
    ),
    (attr::ERROR_TYPE, attr::ERROR_TYPE, Form::Keyword),
    (
        attr::HTTP_STATUS_CLASS,
        attr::HTTP_STATUS_CLASS,
        Form::Keyword,
    ),
    (attr::DELIVERY, attr::DELIVERY, Form::Keyword),
    (
        attr::SERVICE_INSTANCE_ID,
        "service.node.name",
        Form::Keyword,
    ),
    ("server.address", "server.address", Form::Keyword),
    (
        "browser.resource_timing.initiator_type",
        "browser.resource_timing.initiator_type",
        Form::Keyword,
    ),
    (
        "browser.resource_timing.duration",
        "browser.resource_timing.duration",
        Form::Number,
    ),
    (
        "browser.resource_timing.transfer_size",
        "browser.resource_timing.transfer_size",
        Form::Number,
    ),
    (
        "browser.resource_timing.encoded_body_size",
        "browser.resource_timing.encoded_body_size",
        Form::Number,
    ),
    (
        "browser.resource_timing.decoded_body_size",
        "browser.resource_timing.decoded_body_size",
        Form::Number,
    ),
    (
        "browser.resource_timing.next_hop_protocol",
        "browser.resource_timing.next_hop_protocol",
        Form::Keyword,
    ),
    (
        "browser.resource_timing.render_blocking_status",
        "browser.resource_timing.render_blocking_status",
        Form::Keyword,
    ),
    (
        "browser.navigation_timing.type",
        "browser.navigation_timing.type",
        Form::Keyword,
    ),
];

/// The field of an attribute. It is asked for each attribute of each item.
pub(super) fn field(attribute: &str) -> Option<&'static str> {
    static BY_ATTRIBUTE: LazyLock<HashMap<&str, &str, Cheaply>> = LazyLock::new(|| {
        let pairs = FIELDS.iter().map(|(name, field, _)| (*name, *field));
        pairs.collect()
    });
    BY_ATTRIBUTE.get(attribute).copied()
}

/// Fields that documents have beside the attributes.
pub(super) const OWN: &[(&str, Form)] = &[
    ("event.action", Form::Keyword),
    ("event.dataset", Form::Keyword),
    ("event.duration", Form::Number),
    ("event.outcome", Form::Keyword),
    ("event.severity", Form::Number),
    ("log.level", Form::Keyword),
    ("message", Form::Text),
    ("otel.scope.name", Form::Keyword),
    ("otel.scope.version", Form::Keyword),
    ("otel.status_description", Form::Text),
    ("otel.dropped_attributes_count", Form::Number),
    ("otel.dropped_events_count", Form::Number),
    ("otel.dropped_links_count", Form::Number),
    ("parent.id", Form::Keyword),
    ("span.id", Form::Keyword),
    ("span.kind", Form::Keyword),
    ("span.name", Form::Keyword),
    ("trace.flags", Form::Number),
    ("trace.id", Form::Keyword),
    ("trace.state", Form::Keyword),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Those that are lists of objects, or that no record of an item has.
    const ELSEWHERE: [&str; 5] = [
        attr::DEPLOYMENT_ENVIRONMENT_OLD,
        attr::EXCEPTION_FRAMES,
        attr::EXCEPTION_CAUSES,
        attr::EXCEPTION_TRAIL,
        attr::METRIC_OVERFLOW,
    ];

    #[test]
    fn every_name_of_ours_has_its_field() {
        let names = include_str!("../../../../protocol/src/names.rs");
        let names = names.split_once("pub mod attr {").unwrap().1;
        let names = names.split_once("\n}\n").unwrap().0;
        let values = names.split(": &str =").skip(1);
        let values = values.map(|it| it.split('"').nth(1).unwrap());
        let mut counted = 0;
        for name in values.filter(|it| !it.ends_with('.')) {
            counted += 1;
            let known = field(name).is_some();
            assert_ne!(known, ELSEWHERE.contains(&name), "{name}");
        }
        assert!(counted > 100, "{counted}");
    }

    #[test]
    fn no_attribute_has_two_fields() {
        let names: BTreeSet<_> = FIELDS.iter().map(|(name, ..)| *name).collect();
        assert_eq!(names.len(), FIELDS.len());
        assert!(FIELDS.iter().all(|(name, is, _)| field(name) == Some(is)));
    }

    /// A field that is another's parent would be an object in one document and a value in the next.
    #[test]
    fn no_field_is_below_another() {
        let own = OWN.iter().map(|(name, _)| *name);
        let all: BTreeSet<_> = FIELDS.iter().map(|(_, name, _)| *name).chain(own).collect();
        for name in &all {
            let below = format!("{name}.");
            assert!(!all.iter().any(|it| it.starts_with(&below)), "{name}");
        }
    }
}
