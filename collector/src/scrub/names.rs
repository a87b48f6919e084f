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
    "passwords",
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
    /// The last three letters of those; nearly all names end otherwise.
    last: Box<[u64; LAST / 64]>,
    /// One of those has fewer.
    short: bool,
}

/// Three signs of five bits: letters and digits by their lowest five.
const LAST: usize = 1 << 15;

impl Names {
    pub(super) fn new(more: &[String]) -> Self {
        let mut ends: Vec<String> = ENDS.iter().map(|end| (*end).to_owned()).collect();
        ends.extend(more.iter().map(|name| bare(name).as_str().to_owned()));
        ends.retain(|end| !end.is_empty());
        let mut last = Box::new([0; LAST / 64]);
        let mut short = false;
        let words = ends.iter().map(String::as_str);
        for word in words.chain(WHOLE.iter().chain(QUALIFIERS).copied()) {
            match last_three(word) {
                Some(three) => last[three / 64] |= 1 << (three % 64),
                None => short = true,
            }
        }
        Self { ends, last, short }
    }

    /// Whether a name may end as a secret's does.
    fn may_be_secret(&self, name: &str) -> bool {
        let letter = |byte: &u8| byte.is_ascii_alphabetic() || !byte.is_ascii();
        if !name
            .bytes()
            .rev()
            .find(letter)
            .is_some_and(|byte| byte.is_ascii())
        {
            return false;
        }
        let is_known = |three: usize| self.last[three / 64] & (1 << (three % 64)) != 0;
        last_three(name).map_or(self.short, is_known) || self.short
    }

    /// Whether an attribute of this name, or what stands behind it in a text, is secret.
    pub(super) fn is_secret(&self, name: &str) -> bool {
        // A sentence or a selector is no name.
        let sign = |byte: u8| b"=()'\"<>;,{}".contains(&byte);
        self.may_be_secret(name)
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
        // Before any search: nearly all names end otherwise.
        QUALIFIERS.iter().any(|end| name.ends_with(end))
            && (name.split_once("password")).is_some_and(|(_, rest)| QUALIFIERS.contains(&rest))
    }
}

/// The last three letters and digits of a name, without digits at its very end; None where there are fewer.
fn last_three(name: &str) -> Option<usize> {
    let signs = name.bytes().rev().filter(u8::is_ascii_alphanumeric);
    let mut signs = signs.skip_while(u8::is_ascii_digit);
    let mut three = 0;
    for _ in 0..3 {
        three = three << 5 | usize::from(signs.next()? & 31);
    }
    Some(three)
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
