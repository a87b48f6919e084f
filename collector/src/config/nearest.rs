//! The name that was probably meant.

/// The candidate closest to a name, where one is close enough to be a slip.
pub(super) fn nearest<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let name = name.to_ascii_lowercase();
    // A third of the letters: `endpont`, `header`, `data-dir`; not any other word.
    let most = (name.len() / 3).max(1);
    let near = candidates
        .into_iter()
        .map(|c| (distance(&name, &c.to_ascii_lowercase()), c));
    near.filter(|(d, _)| *d <= most)
        .min_by_key(|(d, _)| *d)
        .map(|(_, c)| c)
}

/// The same where a name is surely one of ours, and so may have a word too many: `listen_address`, which has more letters in common with other addresses.
pub(super) fn meant<'a>(name: &str, candidates: &[&'a str]) -> Option<&'a str> {
    let begins = |c: &&&str| {
        name.strip_prefix(**c)
            .is_some_and(|rest| rest.starts_with('_'))
    };
    let begun = candidates.iter().filter(begins).max_by_key(|c| c.len());
    begun
        .copied()
        .or_else(|| nearest(name, candidates.iter().copied()))
}

/// Insertions, deletions, replacements between two names.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_word_and_another_word_none() {
        let words = ["endpoint", "headers", "data_dir"];
        assert_eq!(nearest("endpont", words), Some("endpoint"));
        assert_eq!(nearest("data-dir", words), Some("data_dir"));
        assert_eq!(nearest("Header", words), Some("headers"));
        assert_eq!(nearest("compression", words), None);
        let words = ["client_address", "listen", "admin_listen"];
        assert_eq!(meant("listen_address", &words), Some("listen"));
        assert_eq!(meant("admin_listen_at", &words), Some("admin_listen"));
        assert_eq!(meant("clientaddress", &words), Some("client_address"));
        assert_eq!(meant("endpoint", &words), None);
    }
}
