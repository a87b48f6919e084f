//! The end of every line: what the payload says of everything in it.

use super::Line;
use farol_protocol::item::Overrides;
use farol_protocol::meta::Brands;
use farol_protocol::payload::Payload;

/// Alloy's: seven parts.
pub(super) fn alloy(payload: &Payload, own: Option<&Overrides>) -> Line {
    let mut line = Line::default();
    head(&mut line, payload);
    person(&mut line, payload, own);
    browser(&mut line, payload);
    line.add("view_name", &payload.context(own).view.name);
    line
}

/// The Collector's: those, and brands, device, system, load test and place.
pub(super) fn contrib(payload: &Payload, own: Option<&Overrides>) -> Line {
    let meta = &payload.meta;
    let mut line = Line::default();
    head(&mut line, payload);
    line.add("app_installation_id", &meta.app.installation_id);
    person(&mut line, payload, own);
    browser(&mut line, payload);
    match &meta.browser.brands {
        Brands::Text(text) => line.add("browser_brands", text),
        Brands::List(list) => {
            for (n, brand) in list.iter().enumerate() {
                line.add(&format!("browser_brand_{n}_brand"), &brand.brand);
                line.add(&format!("browser_brand_{n}_version"), &brand.version);
            }
        }
    }
    line.add("device_manufacturer", &meta.device.manufacturer);
    line.add("device_model_identifier", &meta.device.model_identifier);
    line.add("device_model_name", &meta.device.model_name);
    line.add("device_brand", &meta.device.brand);
    // Of an emulator the translation says nothing.
    if meta.device.is_physical != "false" {
        line.add("device_is_physical", &meta.device.is_physical);
    }
    line.add("device_type", &meta.device.kind);
    line.add("os_name", &meta.os.name);
    line.add("os_version", &meta.os.version);
    line.add("os_build_id", &meta.os.build_id);
    line.add("os_detail", &meta.os.detail);
    if meta.k6.is_k6_browser == Some(true) {
        line.add("k6_isK6Browser", "true");
    }
    line.add("k6_testRunId", &meta.k6.test_run_id);
    line.add("view_name", &payload.context(own).view.name);
    line.add("geo_continent_iso", &meta.geo.continent_iso);
    line.add("geo_country_iso", &meta.geo.country_iso);
    line.add("geo_subdivision_iso", &meta.geo.subdivision_iso);
    line.add("geo_city", &meta.geo.city);
    line.add("geo_asn_org", &meta.geo.asn_org);
    line.add("geo_asn_id", &meta.geo.asn_id);
    line
}

fn head(line: &mut Line, payload: &Payload) {
    let (sdk, app) = (&payload.meta.sdk, &payload.meta.app);
    line.add("sdk_name", &sdk.name);
    line.add("sdk_version", &sdk.version);
    let parts = sdk
        .integrations
        .iter()
        .map(|part| format!("{}:{}", part.name, part.version));
    line.add("sdk_integrations", &parts.collect::<Vec<_>>().join(","));
    line.add("app_name", &app.name);
    line.add("app_namespace", &app.namespace);
    line.add("app_release", &app.release);
    line.add("app_version", &app.version);
    line.add("app_environment", &app.environment);
}

fn person(line: &mut Line, payload: &Payload, own: Option<&Overrides>) {
    let context = payload.context(own);
    line.add("user_email", &context.user.email);
    line.add("user_id", &context.user.id);
    line.add("user_username", &context.user.username);
    line.under("user_attr_", &context.user.attributes);
    line.add("session_id", &context.session.id);
    line.under("session_attr_", &context.session.attributes);
    line.add("page_id", &context.page.id);
    line.add("page_url", &context.page.url);
    line.under("page_attr_", &context.page.attributes);
}

fn browser(line: &mut Line, payload: &Payload) {
    let browser = &payload.meta.browser;
    line.add("browser_name", &browser.name);
    line.add("browser_version", &browser.version);
    line.add("browser_os", &browser.os);
    line.add(
        "browser_mobile",
        if browser.mobile == Some(true) {
            "true"
        } else {
            "false"
        },
    );
    line.add("browser_userAgent", &browser.user_agent);
    line.add("browser_language", &browser.language);
    line.add("browser_viewportWidth", &browser.viewport_width);
    line.add("browser_viewportHeight", &browser.viewport_height);
}
