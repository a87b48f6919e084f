//! The `START` message: what the page chose and what the browser said of itself.
//!
//! Its fields in order (forms as in `abi.rs`):
//!
//! 1. u8 flags (`flag`): 1 Faro's protocol, 2 there is a `beforeSend`, 4 there is an `ignoreErrors`, 8 there is a `denyUrls`,
//!    16 keep the errors of browser extensions, 32 the page is hidden now
//! 2. u8 consent: 0 pending, 1 granted, 2 denied
//! 3. u32 × 4: a seed from the browser's cryptographic source
//! 4. f64 × 11, `NaN` where the page gave none (the default is taken); one out of bounds (JavaScript writes −∞ where it is
//!    no number at all) is told by `BAD_OPTION` with its place and the default taken. Place, name, bounds, default:
//!    0 sample rate, 0 to 1, 1 · 1 session idle ms, 1 to 24 h, 15 min · 2 session lifetime ms, 1 to 24 h, 4 h ·
//!    3 items a batch, 1 to 1,000, 50 · 4 bytes a batch, 1,024 to 60,000, 49,152 · 5 age of a batch ms, 0 to 60,000, 5,000 ·
//!    6 to 10 items a session of each kind (log, exception, measurement, event, span), 0 to 1,000,000, 10,000 (exceptions 1,000)
//! 5. str a fresh session id (16 hex digits); str what the tab's storage holds (empty: nothing)
//! 6. str app name, str namespace, str version, str environment, str release
//! 7. str page id, str url, str view
//! 8. str browser name, str version, u8 mobile, str user agent, str language, f64 viewport width, f64 viewport height,
//!    u32 count of brands × (str brand, str version)
//! 9. str operating system name, str version
//! 10. the user, as in `USER`
//! 11. attrs of the session, as in `SESSION`
//! 12. attrs of every item, as in `ATTRIBUTES`
//!
//! An empty text is one that is not known and is left out of the payload.
