//! Names that say that what they name is secret: of attributes, query parameters, and `name=value` in texts.

/// Ends of names, compared without regard to case and signs: `userPassword`, `x-api-key` and `db.passwd` end so too.
const ENDS: &[&str] = &[
    "accesskey",
    "accesskeyid",
    "apikey",
    "authkey",
    "authorization",
    "cardnumber",
    "clientsecret",
    "connectionstring",
    "cookie",
    "cookies",
    "credential",
    "credentials",
    "creditcard",
    "csrf",
    "cvc",
    "cvv",
    "encryptionkey",
    "jwt",
    "masterkey",
    "passcode",
    "passphrase",
    "passwd",
    "password",
    "passwort",
    "privatekey",
    "pwd",
    "secret",
    "secretkey",
    "senha",
    "sharedkey",
    "signingkey",
    "token",
    "xsrf",
];

/// Names that are secret as a whole only: as ends they are ordinary (`compass`, `laptop`).
const WHOLE: &[&str] = &["auth", "bearer", "otp", "pass", "userpass", "ssn"];

/// What may follow `password` in a name that still holds one.
const QUALIFIERS: &[&str] = &[
    "again",
    "check",
    "confirm",
    "confirmation",
    "confirmed",
    "current",
    "hash",
    "input",
    "new",
    "old",
    "plain",
    "repeat",
    "text",
    "value",
];

/// Query parameters that are secret though as attributes their names are ordinary. The first are those that OpenTelemetry names.
const QUERY: &[&str] = &[
    "xamzsignature",
    "xamzcredential",
    "xamzsecuritytoken",
    "signature",
    "sig",
    "xgoogsignature",
    "xgoogcredential",
    "assertion",
    "authcode",
    "code",
    "key",
    "oauthverifier",
    "samlresponse",
    "session",
    "sessionid",
    "sid",
    "ticket",
];

/// The most letters of a name that are looked at; its end says what it is.
const MOST: usize = 64;

/// The names of one app.
#[derive(Debug)]
pub(super) struct Names {
    ends: Vec<String>,
    /// Last letters of those; nearly all names end otherwise.
    last: [bool; 256],
}

impl Names {
    pub(super) fn new(more: &[String]) -> Self {
        let mut ends: Vec<String> = ENDS.iter().map(|end| (*end).to_owned()).collect();
        ends.extend(more.iter().map(|name| bare(name).as_str().to_owned()));
        ends.retain(|end| !end.is_empty());
        let mut last = [false; 256];
        let qualifiers = QUALIFIERS.iter().map(|q| q.as_bytes());
        let all = ends.iter().map(String::as_bytes);
        let whole = WHOLE.iter().map(|word| word.as_bytes());
        for byte in all.chain(whole).chain(qualifiers).filter_map(<[u8]>::last) {
            last[usize::from(*byte)] = true;
        }
        Self { ends, last }
    }

    /// Whether an attribute of this name, or what stands behind it in a text, is secret.
    pub(super) fn is_secret(&self, name: &str) -> bool {
        // A sentence or a selector is no name.
        let sign = |byte: u8| b"=()'\"<>;,{}".contains(&byte);
        let end = name
            .bytes()
            .rev()
            .find(|byte| byte.is_ascii_alphabetic() || !byte.is_ascii());
        let Some(end) = end else { return false };
        self.last[usize::from(end.to_ascii_lowercase())]
            && !name.bytes().any(sign)
            && self.is_secret_bare(bare(name).as_str())
    }

    /// Whether a query parameter of this name is secret.
    pub(super) fn is_secret_parameter(&self, name: &str) -> bool {
        // `user[code]` and `form.code` as well: the last word says what it is.
        let mut words = name.rsplit(['[', '.', '/']);
        let last = words.find(|word| !word.trim_end_matches(']').is_empty());
        let bare = bare(last.unwrap_or(name));
        QUERY.contains(&bare.as_str()) || self.is_secret_bare(bare.as_str())
    }

    fn is_secret_bare(&self, bare: &str) -> bool {
        let name = bare.trim_end_matches(|c: char| c.is_ascii_digit());
        if WHOLE.contains(&name) || self.ends.iter().any(|end| name.ends_with(end.as_str())) {
            return true;
        }
        (name.split_once("password")).is_some_and(|(_, rest)| QUALIFIERS.contains(&rest))
    }
}

/// A name without signs and in small letters, from its end.
struct Bare {
    bytes: [u8; MOST],
    from: usize,
}

impl Bare {
    fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[self.from..]).unwrap_or_default()
    }
}

fn bare(name: &str) -> Bare {
    let mut out = Bare {
        bytes: [0; MOST],
        from: MOST,
    };
    for byte in name.bytes().rev().filter(u8::is_ascii_alphanumeric) {
        if out.from == 0 {
            break;
        }
        out.from -= 1;
        out.bytes[out.from] = byte.to_ascii_lowercase();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_known_by_its_end_whatever_its_spelling() {
        let names = Names::new(&["kundennummer".into()]);
        for name in [
            "password",
            "user.password",
            "newPassword2",
            "passwordConfirmation",
            "X-Api-Key",
            "db_passwd",
            "access_token",
            "Authorization",
            "set-cookie",
            "otp",
            "Kunden-Nummer",
        ] {
            assert!(names.is_secret(name), "{name}");
        }
        for name in [
            "",
            "passwordless",
            "password_length",
            "max_tokens",
            "token_type",
            "compass",
            "laptop",
            "code",
            "key",
            "session.id",
            "http.route",
            "secretary",
        ] {
            assert!(!names.is_secret(name), "{name}");
        }
        assert!(names.is_secret_parameter("form[code]"));
    }
}
