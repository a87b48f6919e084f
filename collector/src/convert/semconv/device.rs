//! What mobile SDKs say of the device. Faro's for React Native and Flutter say it in attributes of the session; it stands under
//! OpenTelemetry's names, unless the payload's own meta of device and system say it too.

use farol_protocol::meta::Meta;
use farol_protocol::names::attr;

/// The name for a session's attribute; none for one that is no device's, or that the meta has another value for.
pub(super) fn name(meta: &Meta, attribute: &str) -> Option<&'static str> {
    let (device, os) = (&meta.device, &meta.os);
    let (name, said) = match attribute {
        "device_id" => (attr::DEVICE_ID, ""),
        "device_manufacturer" => (attr::DEVICE_MANUFACTURER, device.manufacturer.as_str()),
        "device_model" => (attr::DEVICE_MODEL_IDENTIFIER, &*device.model_identifier),
        "device_model_name" => (attr::DEVICE_MODEL_NAME, &*device.model_name),
        "device_brand" => (attr::DEVICE_BRAND, &*device.brand),
        "device_is_physical" => (attr::DEVICE_IS_PHYSICAL, &*device.is_physical),
        "device_type" => (attr::DEVICE_TYPE, &*device.kind),
        "device_os" => (attr::OS_NAME, &*os.name),
        "device_os_version" => (attr::OS_VERSION, &*os.version),
        "device_os_detail" => (attr::OS_DESCRIPTION, &*os.detail),
        _ => return None,
    };
    said.is_empty().then_some(name)
}
