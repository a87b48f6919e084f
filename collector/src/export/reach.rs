//! Why nobody was reached: in words of a small set, each of which has another remedy, and without an address.

use std::error::Error;
use std::io::{self, ErrorKind};

use rustls::{AlertDescription, CertificateError};

/// Nobody was reached, and nothing says why. All others begin so.
pub(crate) const NONE: &str = "no connection";
pub(crate) const REFUSED: &str = "no connection, refused";
pub(crate) const NO_HOST: &str = "no connection, no such host";
pub(crate) const NO_ROUTE: &str = "no connection, no route";
pub(crate) const TIMED_OUT: &str = "no connection, timed out";
const HUNG_UP: &str = "no connection, hung up";
pub(crate) const STRANGER: &str = "no connection, unknown certificate authority";
pub(crate) const EXPIRED: &str = "no connection, certificate expired";
pub(crate) const EARLY: &str = "no connection, certificate not valid yet";
pub(crate) const OTHER_NAME: &str = "no connection, certificate of another name";
const CERTIFICATE: &str = "no connection, certificate not valid";
pub(crate) const WANTS_OURS: &str = "no connection, client certificate not taken";
pub(crate) const NO_TLS: &str = "no connection, no TLS";
const TLS: &str = "no connection, TLS failed";

/// How the standard library begins what the resolver says.
const RESOLVER: &str = "failed to lookup address information";

/// The word of an error, by what is at its bottom.
pub(crate) fn word(error: &(dyn Error + 'static)) -> &'static str {
    let mut next = Some(error);
    let mut word = NONE;
    while let Some(error) = next {
        if let Some(tls) = error.downcast_ref() {
            return of_tls(tls);
        }
        next = error.source();
        if let Some(io) = error.downcast_ref::<io::Error>() {
            word = of_io(io).unwrap_or(word);
            // Its source is that of the error within, which is passed over so.
            if let Some(within) = io.get_ref() {
                next = Some(within);
            }
        }
    }
    word
}

fn of_io(error: &io::Error) -> Option<&'static str> {
    match error.kind() {
        ErrorKind::ConnectionRefused => Some(REFUSED),
        ErrorKind::TimedOut => Some(TIMED_OUT),
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => Some(NO_ROUTE),
        ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => {
            Some(HUNG_UP)
        }
        _ => error.to_string().starts_with(RESOLVER).then_some(NO_HOST),
    }
}

fn of_tls(error: &rustls::Error) -> &'static str {
    match error {
        rustls::Error::InvalidCertificate(why) => match why {
            CertificateError::UnknownIssuer => STRANGER,
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => EXPIRED,
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => EARLY,
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                OTHER_NAME
            }
            _ => CERTIFICATE,
        },
        // What begins otherwise than any message of TLS: an answer in plain HTTP.
        rustls::Error::InvalidMessage(_) => NO_TLS,
        rustls::Error::AlertReceived(
            AlertDescription::CertificateRequired
            | AlertDescription::BadCertificate
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA,
        ) => WANTS_OURS,
        _ => TLS,
    }
}

/// What to do where an address, that begins with its scheme, gives this word.
pub(crate) fn remedy(word: &str, at: &str) -> String {
    let plain = at.starts_with("http:") || at.starts_with("tcp:");
    let remedy = match word {
        REFUSED => "start it, or correct the port of its endpoint",
        NO_HOST => "correct the host of its endpoint, or what resolves names here",
        NO_ROUTE | TIMED_OUT => {
            "let the collector through to it (firewall, network), or correct its endpoint"
        }
        STRANGER => {
            "set tls.ca_file to the certificate of the authority that signed its certificate, or have it show the whole chain"
        }
        EXPIRED => "renew its certificate, or set this machine's clock",
        EARLY => "set this machine's clock, or give it a certificate that is valid by now",
        OTHER_NAME => {
            "set tls.server_name to a name that its certificate is for, or give it one for the host of its endpoint"
        }
        WANTS_OURS => "set tls.cert_file and tls.key_file to a certificate that it takes",
        NO_TLS => "write its endpoint without TLS (http, or tcp), or name its TLS port",
        _ if plain => "start it, let the collector through to it, or correct its endpoint",
        _ => {
            "start it, let the collector through to it, or correct its endpoint; where its certificate is of an authority of your own, set tls.ca_file"
        }
    };
    remedy.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cause_has_its_word_however_deep_it_lies() {
        let io = |kind: ErrorKind| io::Error::from(kind);
        let tls = |why| {
            let inner = io::Error::new(
                ErrorKind::InvalidData,
                rustls::Error::InvalidCertificate(why),
            );
            io::Error::other(io::Error::other(inner))
        };
        for (error, want) in [
            (io(ErrorKind::ConnectionRefused), REFUSED),
            (io(ErrorKind::HostUnreachable), NO_ROUTE),
            (io::Error::new(ErrorKind::TimedOut, "deadline"), TIMED_OUT),
            (io(ErrorKind::UnexpectedEof), HUNG_UP),
            (io::Error::other("db.internal:9000"), NONE),
            (
                io::Error::other(format!("{RESOLVER}: Name or service not known")),
                NO_HOST,
            ),
            (tls(CertificateError::UnknownIssuer), STRANGER),
            (tls(CertificateError::Expired), EXPIRED),
            (tls(CertificateError::NotValidYet), EARLY),
            (tls(CertificateError::NotValidForName), OTHER_NAME),
            (tls(CertificateError::BadEncoding), CERTIFICATE),
        ] {
            let said = word(&error);
            assert_eq!(said, want);
            assert!(said.starts_with(NONE), "{said}");
        }
    }

    #[test]
    fn each_word_has_a_remedy_of_its_own() {
        let words = [
            REFUSED, NO_HOST, TIMED_OUT, STRANGER, EXPIRED, EARLY, OTHER_NAME, WANTS_OURS, NO_TLS,
            NONE,
        ];
        let all: std::collections::BTreeSet<_> =
            words.iter().map(|it| remedy(it, "https://a")).collect();
        assert_eq!(all.len(), words.len());
        assert!(!remedy(NONE, "http://a").contains("tls."));
    }
}
