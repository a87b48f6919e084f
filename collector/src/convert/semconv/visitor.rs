//! What is known of the visitor and of where they are, for a record or a span.

use super::{device, resource};
use crate::convert::attrs::{Any, Attrs, pairs, to_any};
use crate::record::Header;
use farol_protocol::item::Overrides;
use farol_protocol::map::Attributes;
use farol_protocol::meta::{Brands, Meta, Session, User};
use farol_protocol::names::attr;
use farol_protocol::payload::{Farol, Payload};
use farol_protocol::value::Value;
use std::borrow::Cow;

/// The session's attribute that names the session before it.
const PREVIOUS: &str = "previousSession";

/// About how many there are.
const USUAL: usize = 32;

/// The attributes of one item's visitor.
pub(super) fn attributes<'a>(
    header: &'a Header,
    payload: &'a Payload,
    own: Option<&'a Overrides>,
) -> Attrs<'a> {
    let meta = &payload.meta;
    let context = payload.context(own);
    let mut out = Attrs::with_room(USUAL);
    session(&mut out, &payload.meta, context.session);
    user(&mut out, context.user);
    out.text(attr::DOCUMENT_URL, &context.page.url);
    out.text(attr::PAGE_ID, &context.page.id);
    out.under(|| attr::PAGE_ATTRIBUTE, context.page.attributes.iter());
    out.text(attr::VIEW_NAME, &context.view.name);
    browser(&mut out, payload);
    system(&mut out, payload);
    if meta.app.name != resource::service(header, payload) {
        out.text(attr::APP_NAME, &meta.app.name);
    }
    out.text(attr::APP_RELEASE, &meta.app.release);
    out.text(attr::VCS_REVISION, &meta.app.git_hash);
    out.text(attr::APP_INSTALLATION_ID, &meta.app.installation_id);
    let parts = meta.sdk.integrations.iter();
    let parts = parts.map(|part| format!("{}:{}", part.name, part.version).into());
    out.texts(attr::SDK_INTEGRATIONS, parts);
    batch(&mut out, &payload.farol);
    extras(&mut out, payload, own);
    for (name, value) in payload.farol.added.iter() {
        match to_any(value) {
            Any::Null => {}
            value => out.put(name, value),
        }
    }
    out
}

fn session<'a>(out: &mut Attrs<'a>, meta: &'a Meta, session: &'a Session) {
    out.text(attr::SESSION_ID, &session.id);
    for (name, value) in session.attributes.iter() {
        let known = match name {
            PREVIOUS => Some(attr::SESSION_PREVIOUS_ID),
            _ => device::name(meta, name),
        };
        match (known, value) {
            (Some(known), Value::Text(text)) => out.text(known, text),
            _ => out.free(format!("{}{name}", attr::SESSION_ATTRIBUTE), to_any(value)),
        }
    }
    out.text(
        attr::SESSION_OVERRIDE_SERVICE,
        &session.overrides.service_name,
    );
    out.flag(attr::SESSION_OVERRIDE_GEO, session.overrides.geo_location);
}

fn user<'a>(out: &mut Attrs<'a>, user: &'a User) {
    out.text(attr::USER_ID, &user.id);
    out.text(attr::USER_NAME, &user.username);
    out.text(attr::USER_EMAIL, &user.email);
    out.text(attr::USER_FULL_NAME, &user.full_name);
    out.text(attr::USER_HASH, &user.hash);
    let roles = user
        .roles
        .split(',')
        .map(str::trim)
        .filter(|role| !role.is_empty());
    out.texts(attr::USER_ROLES, roles.map(Cow::Borrowed));
    out.under(|| attr::USER_ATTRIBUTE, user.attributes.iter());
}

fn browser<'a>(out: &mut Attrs<'a>, payload: &'a Payload) {
    let browser = &payload.meta.browser;
    out.text(attr::USER_AGENT_ORIGINAL, &browser.user_agent);
    out.text(attr::USER_AGENT_NAME, &browser.name);
    out.text(attr::USER_AGENT_VERSION, &browser.version);
    out.text(attr::BROWSER_PLATFORM, &browser.os);
    out.flag(attr::BROWSER_MOBILE, browser.mobile);
    out.text(attr::BROWSER_LANGUAGE, &browser.language);
    match &browser.brands {
        Brands::List(list) => {
            let spelled = list
                .iter()
                .map(|brand| format!("{} {}", brand.brand, brand.version));
            let spelled = spelled.map(|text| text.trim().to_owned().into());
            out.texts(attr::BROWSER_BRANDS, spelled);
        }
        Brands::Text(text) => {
            out.texts(attr::BROWSER_BRANDS, std::iter::once(text.as_str().into()));
        }
    }
    out.number(attr::VIEWPORT_WIDTH, &browser.viewport_width);
    out.number(attr::VIEWPORT_HEIGHT, &browser.viewport_height);
}

fn system<'a>(out: &mut Attrs<'a>, payload: &'a Payload) {
    let meta = &payload.meta;
    out.text(attr::OS_NAME, &meta.os.name);
    out.text(attr::OS_VERSION, &meta.os.version);
    out.text(attr::OS_BUILD_ID, &meta.os.build_id);
    out.text(attr::OS_DESCRIPTION, &meta.os.detail);
    out.text(attr::DEVICE_MANUFACTURER, &meta.device.manufacturer);
    out.text(attr::DEVICE_MODEL_IDENTIFIER, &meta.device.model_identifier);
    out.text(attr::DEVICE_MODEL_NAME, &meta.device.model_name);
    out.text(attr::DEVICE_BRAND, &meta.device.brand);
    out.text(attr::DEVICE_IS_PHYSICAL, &meta.device.is_physical);
    out.text(attr::DEVICE_TYPE, &meta.device.kind);
    out.text(attr::GEO_CONTINENT, &meta.geo.continent_iso);
    out.text(attr::GEO_COUNTRY, &meta.geo.country_iso);
    out.text(attr::GEO_REGION, &meta.geo.subdivision_iso);
    out.text(attr::GEO_LOCALITY, &meta.geo.city);
    out.text(attr::GEO_AS_ORGANIZATION, &meta.geo.asn_org);
    out.text(attr::GEO_AS_NUMBER, &meta.geo.asn_id);
    if meta.k6.is_k6_browser == Some(true) {
        out.text(attr::USER_AGENT_SYNTHETIC, "test");
    }
    out.flag(attr::K6_BROWSER, meta.k6.is_k6_browser);
    out.text(attr::K6_TEST_RUN, &meta.k6.test_run_id);
}

fn batch<'a>(out: &mut Attrs<'a>, farol: &'a Farol) {
    if let Some(rate) = farol.rate {
        out.put(attr::SAMPLING_RATE, Any::Double(rate));
    }
    out.text(attr::SAMPLING_STATE, &farol.state);
    for (kind, rate) in farol.kept.iter() {
        out.free(format!("{}{kind}", attr::SAMPLING_KEPT), Any::Double(*rate));
    }
    let first = farol.first.iter().map(|it| it.as_str().into());
    out.texts(attr::BATCH_FIRST, first);
    out.flag(attr::BATCH_DEFERRED, farol.deferred);
}

/// Fields that this version has no name for, by the object that they came in.
fn extras<'a>(out: &mut Attrs<'a>, payload: &'a Payload, own: Option<&'a Overrides>) {
    let meta = &payload.meta;
    let context = payload.context(own);
    let mut extra = |object: &str, fields: &'a Attributes| {
        out.under(|| [attr::EXTRA, object].concat(), fields.iter());
    };
    extra("", &payload.extra);
    extra("meta.", &meta.extra);
    extra("sdk.", &meta.sdk.extra);
    extra("app.", &meta.app.extra);
    extra("user.", &context.user.extra);
    extra("session.", &context.session.extra);
    extra("session.overrides.", &context.session.overrides.extra);
    extra("page.", &context.page.extra);
    extra("view.", &context.view.extra);
    extra("browser.", &meta.browser.extra);
    extra("k6.", &meta.k6.extra);
    extra("os.", &meta.os.extra);
    extra("device.", &meta.device.extra);
    extra("geo.", &meta.geo.extra);
    extra("batch.", &payload.farol.extra);
    if let Some(own) = own {
        extra("item.", &own.extra);
    }
    let parts = meta.sdk.integrations.iter();
    listed(out, "sdk.integrations", parts.map(|part| &part.extra));
    if let Brands::List(list) = &meta.browser.brands {
        let brands = list.iter().map(|brand| &brand.extra);
        listed(out, "browser.brands", brands);
    }
}

/// Those of a list's objects, in its order. As one value: under names of their own each would have to be told from those of all the others.
fn listed<'a>(
    out: &mut Attrs<'a>,
    list: &str,
    objects: impl Iterator<Item = &'a Attributes> + Clone,
) {
    if objects.clone().any(|fields| !fields.is_empty()) {
        let objects = objects.map(|fields| Any::Pairs(pairs(fields.iter())));
        out.free([attr::EXTRA, list].concat(), Any::List(objects.collect()));
    }
}
