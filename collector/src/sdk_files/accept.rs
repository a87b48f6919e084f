//! Which form of a file a client takes, by its `accept-encoding`.

/// A form that a client may want.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Packed with brotli.
    Brotli,
    /// Packed with gzip.
    Gzip,
    /// As it is.
    Identity,
}

impl Wanted {
    /// How such a file's name ends.
    pub(super) fn ending(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Gzip => "gz",
            Self::Identity => "id",
        }
    }

    /// Its name in `content-encoding`.
    pub(super) fn encoding(self) -> Option<&'static str> {
        match self {
            Self::Brotli => Some("br"),
            Self::Gzip => Some("gzip"),
            Self::Identity => None,
        }
    }

    fn is_accepted(self, header: &str) -> bool {
        let named = |name: &str| {
            header.split(',').find_map(|part| {
                let mut words = part.split(';').map(str::trim);
                if !words.next()?.eq_ignore_ascii_case(name) {
                    return None;
                }
                let weight = words.find_map(|w| w.strip_prefix("q="));
                Some(weight.is_none_or(|q| q.parse::<f32>().is_ok_and(|q| q > 0.0)))
            })
        };
        match self.encoding() {
            Some(name) => named(name).or_else(|| named("*")).unwrap_or(false),
            None => true,
        }
    }
}

/// The first form that is accepted; they stand smallest first, the file as it is last. That one is sent to who forbids it, too: an answer
/// serves better than a 406.
pub(super) fn choose<'a, T>(
    header: Option<&str>,
    forms: &'a [T],
    wanted: impl Fn(&T) -> Wanted,
) -> &'a T {
    let header = header.unwrap_or_default();
    forms
        .iter()
        .find(|form| wanted(form).is_accepted(header))
        .unwrap_or(&forms[forms.len() - 1])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_form_that_is_accepted_is_sent() {
        use Wanted::{Brotli, Gzip, Identity};
        let chosen = |header| *choose(header, &[Brotli, Gzip, Identity], |w| *w);
        assert_eq!(chosen(Some("gzip, deflate, br, zstd")), Brotli);
        assert_eq!(chosen(Some("gzip, deflate")), Gzip);
        assert_eq!(chosen(Some("br;q=0, GZIP;q=0.5")), Gzip);
        assert_eq!(chosen(Some("*")), Brotli);
        assert_eq!(chosen(Some("br;q=0, *;q=0.1")), Gzip);
        for none in [
            None,
            Some(""),
            Some("deflate"),
            Some("identity"),
            Some("gzip;q=x"),
        ] {
            assert_eq!(chosen(none), Identity, "{none:?}");
        }
    }
}
