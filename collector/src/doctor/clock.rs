//! This machine's clock beside those of the servers that were asked. Items carry times of browsers that are corrected by it, and receivers refuse
//! what is far ahead.

use super::finding::Report;

/// A `Date` header has whole seconds and was on its way.
const UNSEEN: i64 = 2;
/// From here on times on boards are visibly wrong, and some receivers begin to refuse.
const WRONG: i64 = 60;

const REMEDY: &str = "set this machine's clock by NTP (timedatectl says whether it is)";

/// Says how it is, by the server that differs least: the others' clocks may be wrong.
pub(super) fn judge(report: &mut Report<'_>) {
    let nearest = report.clocks.iter().min_by_key(|it| it.ahead.abs());
    let Some(nearest) = nearest.cloned() else {
        report.ok("clock", "nobody else's to compare with was at hand");
        return;
    };
    let words = match nearest.ahead {
        0.. => format!("{} s ahead of {}", nearest.ahead, nearest.what),
        _ => format!("{} s behind {}", -nearest.ahead, nearest.what),
    };
    match nearest.ahead.abs() {
        0..=UNSEEN => report.ok("clock", format!("as that of {}", nearest.what)),
        n if n < WRONG => report.warn("clock", words, REMEDY),
        _ => report.fail("clock", words, REMEDY),
    }
}
