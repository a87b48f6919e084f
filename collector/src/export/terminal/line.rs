//! The layout of a line: time, session, kind, then what the kind has to say. Columns stay put; what does not fit is cut in the one
//! part that can spare it.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::text::{cut, pad, safe, width};

/// How lines are to look.
#[derive(Clone, Debug)]
pub(super) struct Look {
    pub(super) paint: Paint,
    /// Columns there are.
    pub(super) width: usize,
    pub(super) zone: TimeZone,
}

/// Whether there are colours.
#[derive(Clone, Copy, Debug)]
pub(super) struct Paint(pub(super) bool);

/// A colour by its ANSI code; the 16 that follow the user's own theme.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Colour {
    #[default]
    Plain,
    Dim,
    Bold,
    Red,
    Green,
    Yellow,
    Blue,
    Magenta,
    Cyan,
}

impl Paint {
    fn with(self, colour: Colour, text: &str) -> String {
        let code = match colour {
            Colour::Plain => return text.to_owned(),
            Colour::Dim => "2",
            Colour::Bold => "1",
            Colour::Red => "31",
            Colour::Green => "32",
            Colour::Yellow => "33",
            Colour::Blue => "34",
            Colour::Magenta => "35",
            Colour::Cyan => "36",
        };
        match self.0 && !text.is_empty() {
            true => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
            false => text.to_owned(),
        }
    }
}

/// A piece of a line.
#[derive(Clone, Debug, Default)]
pub(super) struct Cell {
    text: String,
    colour: Colour,
}

/// Safe text in a colour.
pub(super) fn cell(text: &str, colour: Colour) -> Cell {
    Cell {
        text: safe(text),
        colour,
    }
}

/// One item.
#[derive(Clone, Debug, Default)]
pub(super) struct Line {
    pub(super) session: String,
    pub(super) kind: &'static str,
    pub(super) colour: Colour,
    /// Of fixed width, kept whole.
    pub(super) head: Vec<Cell>,
    /// Gives way when there is no room.
    pub(super) main: Cell,
    /// Kept whole where there is room, else in part, else not at all.
    pub(super) tail: Vec<Cell>,
}

/// Long enough to tell sessions apart on one screen.
const SESSION: usize = 6;
const KIND: usize = 7;
/// Less than this of the main part says nothing: then the tail gives way.
const LEAST_MAIN: usize = 12;
/// Half a trace id is still one of a kind on a screen.
const SHORT_TAIL: usize = 17;

impl Line {
    /// Writes the line, without a line end.
    pub(super) fn write(&self, nanos: u64, look: &Look, out: &mut String) {
        let session: String = match self.session.is_empty() {
            true => "-".into(),
            false => safe(&self.session).chars().take(SESSION).collect(),
        };
        let mut cells = vec![
            cell(&clock(nanos, &look.zone), Colour::Dim),
            cell(&pad(&session, SESSION), Colour::Dim),
            cell(&pad(self.kind, KIND), self.colour),
        ];
        cells.extend(self.head.iter().cloned());
        let room = look.width.saturating_sub(columns(&cells));
        let least = LEAST_MAIN.min(width(&self.main.text));
        let mut tail = self.tail.clone();
        if room < columns(&tail) + least {
            for cell in &mut tail {
                cell.text = cut(&cell.text, SHORT_TAIL);
            }
        }
        if room < columns(&tail) + least {
            tail.clear();
        }
        let spare = room - columns(&tail);
        if !self.main.text.is_empty() {
            cells.push(Cell {
                text: cut(&self.main.text, spare.saturating_sub(1)),
                colour: self.main.colour,
            });
        }
        cells.append(&mut tail);
        let mut left = look.width;
        for (at, cell) in cells.iter().filter(|it| !it.text.is_empty()).enumerate() {
            let gap = usize::from(at > 0);
            if left <= gap {
                break;
            }
            // Guards windows narrower than the fixed part.
            let text = cut(&cell.text, left - gap);
            left -= gap + width(&text);
            out.push_str(&" ".repeat(gap));
            out.push_str(&look.paint.with(cell.colour, &text));
        }
        while out.ends_with(' ') {
            out.pop();
        }
    }
}

/// Columns of the cells with a blank after each.
fn columns(cells: &[Cell]) -> usize {
    let filled = cells.iter().filter(|it| !it.text.is_empty());
    filled.map(|it| width(&it.text) + 1).sum()
}

/// Local time of day to the millisecond.
fn clock(nanos: u64, zone: &TimeZone) -> String {
    let time = Timestamp::from_nanosecond(i128::from(nanos)).unwrap_or_default();
    let local = time.to_zoned(zone.clone());
    format!(
        "{:02}:{:02}:{:02}.{:03}",
        local.hour(),
        local.minute(),
        local.second(),
        local.millisecond()
    )
}
