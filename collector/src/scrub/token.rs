//! Tokens and keys, known by how they look: by the prefix that their issuer gave them, as a JWT, behind `Bearer`, or as long runs in
//! which letters and digits follow each other as no word or name has them.
//!
//! Long hexadecimal is left alone here: in a page's telemetry it is a trace id, a commit or a bundle's hash. Behind a name that
//! says `secret`, or as a parameter, other rules take it.

use std::ops::Range;

use super::cut::{Cuts, Kind};
use super::shape::Shape;

/// Runs shorter than this are looked at by no rule here. Each run as long has a byte at a multiple of it, so that not all are read.
const PROBE: usize = 12;

/// What issuers put in front, and the least length of the whole.
const PREFIXES: &[(&str, usize)] = &[
    ("AKIA", 20),
    ("ASIA", 20),
    ("AROA", 20),
    ("AIDA", 20),
    ("ABIA", 20),
    ("ACCA", 20),
    ("AIza", 35),
    ("AGE-SECRET-KEY-1", 40),
    ("ATATT3x", 40),
    ("EAAC", 40),
    ("EAAG", 40),
    ("GOCSPX-", 24),
    ("LTAI", 20),
    ("NRAK-", 30),
    ("PMAK-", 40),
    ("ASQC", 60),
    ("dapi", 36),
    ("dckr_pat_", 24),
    ("doo_v1_", 40),
    ("dop_v1_", 40),
    ("dor_v1_", 40),
    ("dp.pt.", 20),
    ("figd_", 30),
    ("fio-u-", 30),
    ("gho_", 36),
    ("ghp_", 36),
    ("ghr_", 36),
    ("ghs_", 36),
    ("ghu_", 36),
    ("github_pat_", 30),
    ("glc_", 24),
    ("gldt-", 20),
    ("glft-", 20),
    ("glimt-", 20),
    ("glptt-", 20),
    ("glpat-", 20),
    ("glrt-", 20),
    ("glsa_", 30),
    ("hf_", 30),
    ("key-", 36),
    ("lin_api_", 30),
    ("nfp_", 36),
    ("npm_", 36),
    ("ntn_", 40),
    ("pat_", 40),
    ("phc_", 40),
    ("phx_", 40),
    ("pk.eyJ", 30),
    ("pscale_tkn_", 30),
    ("pul-", 40),
    ("pypi-", 30),
    ("r8_", 35),
    ("rk_live_", 20),
    ("rk_test_", 20),
    ("rubygems_", 40),
    ("secret_", 40),
    ("sgp_", 40),
    ("shpat_", 30),
    ("shpca_", 30),
    ("shppa_", 30),
    ("shpss_", 30),
    ("sk-", 24),
    ("sk_live_", 20),
    ("sk_test_", 20),
    ("sntrys_", 30),
    ("sntryu_", 30),
    ("sq0atp-", 22),
    ("sq0csp-", 30),
    ("sqOatp-", 22),
    ("tfp_", 40),
    ("vercel_", 24),
    ("whsec_", 24),
    ("xapp-", 24),
    ("xkeysib-", 40),
    ("xoxa-", 16),
    ("xoxb-", 16),
    ("xoxe-", 16),
    ("xoxo-", 16),
    ("xoxp-", 16),
    ("xoxr-", 16),
    ("xoxs-", 16),
    ("xoxc-", 16),
    ("xoxd-", 16),
    ("secret-token:", 24),
    ("sbp_", 40),
    ("re_", 30),
    ("gsk_", 40),
    ("xai-", 40),
    ("pplx-", 40),
    ("ops_eyJ", 40),
    ("ghv_", 36),
];

/// Prefixes that end with a point, which is no part of a run.
const POINTED: &[(&str, usize)] = &[
    ("SG.", 20),
    ("ya29.", 16),
    ("hvs.", 20),
    ("hvb.", 20),
    ("hvr.", 20),
    ("dp.pt.", 20),
    ("dt0c01.", 20),
    ("1//0", 30),
];

/// First two bytes of the prefixes: for each first one a bit for each second one, by its lowest six bits.
const FIRST: [u64; 256] = {
    let mut first = [0; 256];
    let mut i = 0;
    while i < PREFIXES.len() {
        let prefix = PREFIXES[i].0.as_bytes();
        first[prefix[0] as usize] |= 1 << (prefix[1] & 63);
        i += 1;
    }
    first
};

fn may_have_prefix(rest: &[u8]) -> bool {
    matches!(rest, [a, b, ..] if FIRST[usize::from(*a)] & (1 << (b & 63)) != 0)
}

/// From here on a run without a prefix can be a secret by its looks: 190 bits of base64, as 40 characters of a cloud's key have more.
const RANDOM: usize = 32;

/// Finds each token.
pub(super) fn find(text: &str, shape: Shape, cuts: &mut Cuts) {
    let bytes = text.as_bytes();
    if bytes.len() < PROBE {
        return;
    }
    let mut probe = PROBE - 1;
    while probe < bytes.len() {
        if !is_run(bytes[probe]) {
            probe += PROBE;
            continue;
        }
        let start = probe
            - bytes[..probe]
                .iter()
                .rev()
                .take_while(|byte| is_run(**byte))
                .count();
        let end = probe
            + bytes[probe..]
                .iter()
                .take_while(|byte| is_run(**byte))
                .count();
        let mut next = end;
        if let Some(image) = image(bytes, start) {
            probe = image.max(end) + PROBE;
            continue;
        }
        if end - start >= PROBE
            && let Some(found) = judge(text, start..end, shape.digits)
        {
            next = next.max(found.end);
            cuts.add(found, Kind::Token);
        }
        probe = next + PROBE;
    }
    // Five before and behind the first line of a key.
    if shape.hyphens >= 10 && bytes.len() > 60 {
        private_keys(text, cuts);
    }
}

/// Where the data ends that an address of the scheme `data:` holds at `start`.
fn image(bytes: &[u8], start: usize) -> Option<usize> {
    let front = bytes[..start].iter().rev().take(64);
    let front = start - front.take_while(|byte| is_base64(**byte)).count();
    bytes[..front]
        .ends_with(b";base64,")
        .then(|| start + extent(&bytes[start..], b"+/="))
}

/// Letters, digits, `-` and `_`: what a token has without its points.
fn is_run(byte: u8) -> bool {
    RUN[usize::from(byte)]
}

const RUN: [bool; 256] = {
    let mut run = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        run[byte] = (byte as u8).is_ascii_alphanumeric() || matches!(byte as u8, b'-' | b'_');
        byte += 1;
    }
    run
};

fn judge(text: &str, run: Range<usize>, digits: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let front = &bytes[..run.start];
    // Credentials may have points and other signs in front of their longest run.
    let credentials = run.start
        - front
            .iter()
            .rev()
            .take(256)
            .take_while(|byte| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(byte))
            .count();
    if let Some(length) = scheme(&bytes[..credentials], &bytes[credentials..]) {
        return Some(credentials..credentials + length);
    }
    let slice = &bytes[run.clone()];
    for start in (0..slice.len()).filter(|i| *i == 0 || !slice[i - 1].is_ascii_alphanumeric()) {
        let rest = &slice[start..];
        if rest.starts_with(b"eyJ") && rest.len() >= 12 {
            let begin = run.start + start;
            let end = begin + extent(&bytes[begin..], b"._-");
            let dots = bytes[begin..end].iter().filter(|b| **b == b'.').count();
            if dots >= 1 || rest.len() >= 40 {
                return Some(begin..end);
            }
        }
        if may_have_prefix(rest)
            && let Some((prefix, _)) = PREFIXES
                .iter()
                .find(|(prefix, least)| rest.len() >= *least && rest.starts_with(prefix.as_bytes()))
            && is_issued(prefix, &rest[prefix.len()..])
        {
            return Some(run.start + start..run.end);
        }
    }
    // All of them end with a point or with a zero.
    let pointed = matches!(front.last(), Some(b'.' | b'0'));
    for (prefix, least) in POINTED.iter().filter(|_| pointed) {
        if slice.len() >= *least && front.ends_with(prefix.as_bytes()) {
            let start = run.start - prefix.len();
            return Some(start..run.start + extent(&bytes[run.start..], b"._-"));
        }
    }
    if is_twilio(slice) {
        return Some(run);
    }
    // `https://hooks.slack.com/services/T…/B…/…`
    if slice.len() >= 20
        && front.last() == Some(&b'/')
        && let near = super::before(text, run.start, 64)
        && let Some(hook) = near.rfind("hooks.slack.com/services/")
    {
        return Some(run.start - near.len() + hook + "hooks.slack.com/services/".len()..run.end);
    }
    // What is random has digits.
    if digits < 2 {
        return None;
    }
    random(text, run)
}

/// How much of what follows a prefix is looked at; the longest that are issued have about 160.
const LOOK: usize = 256;

/// Whether what follows a prefix is what its issuer puts there, and no word: `sk-learning-rate`, `key-value-store-…`.
fn is_issued(prefix: &str, rest: &[u8]) -> bool {
    let rest = &rest[..rest.len().min(LOOK)];
    let digits = rest.iter().filter(|byte| byte.is_ascii_digit()).count();
    let hex = rest.iter().all(u8::is_ascii_hexdigit);
    match prefix {
        "AKIA" | "ASIA" | "AROA" | "AIDA" | "ABIA" | "ACCA" => rest
            .iter()
            .take(16)
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()),
        "key-" | "dapi" => hex && digits > 0,
        "pat_" | "secret_" | "re_" | "pul-" | "sgp_" | "EAAC" | "EAAG" | "ASQC" | "hf_"
        | "LTAI" => digits > 1 && changes(rest) * 100 >= rest.len() * 25,
        _ => digits > 0,
    }
}

/// Behind `Bearer` or `Basic`: the length of the credentials. The scheme stays in its place.
fn scheme(front: &[u8], rest: &[u8]) -> Option<usize> {
    let front = match front.trim_ascii_end() {
        bare if bare.len() < front.len() => bare,
        _ => front
            .strip_suffix(b"%20")
            .or_else(|| front.strip_suffix(b"+"))?,
    };
    let ends = |word: &[u8]| {
        front.len() >= word.len()
            && front[front.len() - word.len()..].eq_ignore_ascii_case(word)
            && !super::digits::is_word(front.len().checked_sub(word.len() + 1).map(|i| &front[i]))
    };
    let (bearer, basic) = (ends(b"bearer"), ends(b"basic"));
    if !bearer && !basic {
        return None;
    }
    let end = extent(rest, b"-._~+/=");
    let value = &rest[..end];
    let mixed = value.iter().any(u8::is_ascii_digit) || value.len() >= 24;
    if bearer && mixed {
        return Some(end);
    }
    if basic {
        use base64::Engine as _;
        let plain = base64::engine::general_purpose::STANDARD_NO_PAD
            .decode(String::from_utf8_lossy(value).trim_end_matches('='))
            .ok()?;
        return plain.contains(&b':').then_some(end);
    }
    None
}

fn extent(rest: &[u8], signs: &[u8]) -> usize {
    rest.iter()
        .take_while(|byte| byte.is_ascii_alphanumeric() || signs.contains(byte))
        .count()
}

fn is_twilio(slice: &[u8]) -> bool {
    slice.len() == 34
        && (slice.starts_with(b"AC") || slice.starts_with(b"SK"))
        && slice[2..]
            .iter()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Runs that nobody wrote by hand.
fn random(text: &str, run: Range<usize>) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    // Base64 has two signs more; a slash also divides a path, so a run is lengthened by it only to what is 40 long, an AWS secret.
    let start = run.start
        - bytes[..run.start]
            .iter()
            .rev()
            .take(64)
            .take_while(|byte| is_base64(**byte))
            .count();
    let end = run.end + extent(&bytes[run.end..bytes.len().min(run.end + 64)], b"+/");
    let in_path = || {
        let word = super::before(text, start, 256)
            .rsplit(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '=' | ','))
            .next()
            .unwrap_or_default();
        word.contains('/') || bytes[start] == b'/'
    };
    if end - start == 40
        && !in_path()
        && !bytes[start..end].contains(&b'_')
        && is_mixed(&bytes[start..end])
    {
        return Some(start..end);
    }
    let slice = &bytes[run.clone()];
    if slice.len() < RANDOM || !is_mixed(slice) {
        return None;
    }
    // What is said to be a hash, or an image.
    let told = ["sha256-", "sha384-", "sha512-"];
    let hashed = told.iter().any(|hash| {
        slice.starts_with(hash.as_bytes())
            || text[..start].ends_with(hash)
            || text[start..].starts_with(hash)
    });
    if hashed {
        return None;
    }
    if bytes.get(run.end) == Some(&b'.') {
        let ending = extent(&bytes[run.end + 1..bytes.len().min(run.end + 10)], b"");
        let ending = text
            .get(run.end + 1..run.end + 1 + ending)
            .unwrap_or_default();
        if super::mail::FILES.contains(&ending) {
            return None;
        }
    }
    let tail = extent(&bytes[run.end..], b"=");
    Some(run.start..run.end + tail)
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/')
}

/// Small and capital letters and digits, in the order that chance gives them: in base 62 two neighbours are of different kinds in 62 %
/// of cases, in names written together in about a third.
fn is_mixed(slice: &[u8]) -> bool {
    let count = |is: fn(&u8) -> bool| slice.iter().filter(|byte| is(byte)).count();
    let (lower, upper, digits) = (
        count(u8::is_ascii_lowercase),
        count(u8::is_ascii_uppercase),
        count(u8::is_ascii_digit),
    );
    lower >= 3 && upper >= 3 && digits >= 2 && changes(slice) * 100 >= slice.len() * 42
}

fn changes(slice: &[u8]) -> usize {
    slice
        .windows(2)
        .filter(|pair| {
            let (a, b) = (class(pair[0]), class(pair[1]));
            a != b && a < 3 && b < 3
        })
        .count()
}

fn class(byte: u8) -> u8 {
    match byte {
        b'a'..=b'z' => 0,
        b'A'..=b'Z' => 1,
        b'0'..=b'9' => 2,
        _ => 3,
    }
}

/// `-----BEGIN … PRIVATE KEY-----` and all up to its end.
fn private_keys(text: &str, cuts: &mut Cuts) {
    let mut from = 0;
    while let Some(at) = text[from..].find("-----BEGIN ") {
        let start = from + at;
        let head = start + "-----BEGIN ".len();
        from = head;
        let Some(line) = text[head..].find("-----").filter(|n| *n < 40) else {
            continue;
        };
        if !text[head..head + line].contains("PRIVATE KEY") {
            continue;
        }
        let end = text[head + line + 5..]
            .find("-----END ")
            .map(|n| head + line + 5 + n + "-----END ".len());
        // One that was cut off is one all the same.
        let end = end
            .and_then(|end| text[end..].find("-----").map(|n| end + n + 5))
            .unwrap_or(text.len());
        cuts.add(start..end, Kind::Token);
        from = end;
    }
}
