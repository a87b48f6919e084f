//! Lines of what the SDK's second file captures: what a visitor did and met, and what did not come.

use farol_protocol::names::{attr, event};

use super::item::{Attributes, duration, path};
use super::line::{Colour, Line, cell};
use super::text::{pad, pad_left};

/// The line of an event of these; none: it is another.
pub(super) fn line(name: &str, it: Attributes<'_>) -> Option<Line> {
    if let Some(what) = name.strip_prefix(event::USER_ACTION) {
        return Some(action(what, it));
    }
    Some(match name {
        event::FRUSTRATION => frustration(it),
        event::LONG_FRAME => frame(it),
        event::FAILED_LOAD => failed_load(it),
        event::REPORT => report(it),
        _ => return None,
    })
}

fn action(what: &str, it: Attributes<'_>) -> Line {
    let took = it
        .number(attr::ACTION_DURATION)
        .map(duration)
        .unwrap_or_default();
    let counts: Vec<String> = [
        (attr::ACTION_REQUESTS, "requests"),
        (attr::ACTION_FAILED_REQUESTS, "failed"),
        (attr::ACTION_ERRORS, "errors"),
        (attr::ACTION_LONG_FRAMES, "long frames"),
    ]
    .iter()
    .filter_map(|(key, word)| {
        let count = it.number(key).filter(|count| *count > 0.0)?;
        Some(format!("{word} {count}"))
    })
    .collect();
    Line {
        kind: "action",
        colour: Colour::Cyan,
        head: vec![
            cell(&pad(what, 7), Colour::Bold),
            cell(&pad_left(&took, 8), Colour::Plain),
        ],
        main: cell(&it.text(attr::ELEMENT_NAME), Colour::Plain),
        tail: vec![cell(&counts.join(", "), Colour::Dim)],
        ..Line::default()
    }
}

fn frustration(it: Attributes<'_>) -> Line {
    let what = it.text(attr::FRUSTRATION_TYPE).replace('_', " ");
    Line {
        kind: "trouble",
        colour: Colour::Yellow,
        head: vec![cell(&pad(&what, 11), Colour::Yellow)],
        main: cell(&it.text(attr::ELEMENT_NAME), Colour::Plain),
        tail: times(it),
        ..Line::default()
    }
}

fn frame(it: Attributes<'_>) -> Line {
    let took = it
        .number(attr::FRAME_DURATION)
        .map(duration)
        .unwrap_or_default();
    let script = it.text(attr::SCRIPT_URL);
    let function = it.text(attr::SCRIPT_FUNCTION);
    Line {
        kind: "frame",
        colour: Colour::Magenta,
        head: vec![cell(&pad_left(&took, 8), Colour::Yellow)],
        main: cell(
            format!("{function} {}", path(&script)).trim(),
            Colour::Plain,
        ),
        tail: times(it),
        ..Line::default()
    }
}

fn failed_load(it: Attributes<'_>) -> Line {
    let status = it.text(attr::HTTP_RESPONSE_STATUS_CODE);
    let status = if status.is_empty() { "---" } else { &status };
    Line {
        kind: "missing",
        colour: Colour::Red,
        head: vec![
            cell(&pad(&it.text(attr::RESOURCE_KIND), 6), Colour::Bold),
            cell(status, Colour::Red),
        ],
        main: cell(path(&it.text(attr::URL_FULL)), Colour::Plain),
        tail: times(it),
        ..Line::default()
    }
}

fn report(it: Attributes<'_>) -> Line {
    let what = [
        attr::REPORT_REASON,
        attr::REPORT_DIRECTIVE,
        attr::REPORT_MESSAGE,
        attr::REPORT_BLOCKED,
    ]
    .map(|key| it.text(key))
    .join(" ");
    Line {
        kind: "report",
        colour: Colour::Yellow,
        head: vec![cell(&it.text(attr::REPORT_TYPE), Colour::Bold)],
        main: cell(what.trim(), Colour::Plain),
        tail: times(it),
        ..Line::default()
    }
}

/// How many it stands for, where it is more than one.
fn times(it: Attributes<'_>) -> Vec<super::line::Cell> {
    let count = it.number(attr::COUNT).filter(|count| *count > 1.0);
    count
        .map(|count| cell(&format!("×{count}"), Colour::Yellow))
        .into_iter()
        .collect()
}
