//! Text of clients made safe for a terminal: nothing in it moves the cursor, changes a colour, or turns the reading direction.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// Control characters become their pictures (`␛`, `␊`), invisible and direction-changing ones become `�`.
pub(crate) fn safe(text: &str) -> String {
    text.chars().map(shown).collect()
}

fn shown(c: char) -> char {
    match c {
        '\u{0}'..='\u{1f}' => char::from_u32(0x2400 + c as u32).unwrap_or('�'),
        '\u{7f}' => '␡',
        '\u{80}'..='\u{9f}'
        | '\u{ad}'
        | '\u{61c}'
        | '\u{180e}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e0fff}' => '�',
        _ => c,
    }
}

/// Columns that the text takes.
pub(super) fn width(text: &str) -> usize {
    text.width()
}

/// The text within so many columns; what is cut off shows as `…`.
pub(super) fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut left = columns.saturating_sub(1);
    for c in text.chars() {
        let wide = c.width().unwrap_or(0);
        if wide > left {
            break;
        }
        left -= wide;
        out.push(c);
    }
    if columns > 0 {
        out.push('…');
    }
    out
}

/// The text filled with blanks to so many columns.
pub(super) fn pad(text: &str, columns: usize) -> String {
    let blanks = columns.saturating_sub(width(text));
    format!("{text}{}", " ".repeat(blanks))
}

/// The same, blanks first.
pub(super) fn pad_left(text: &str, columns: usize) -> String {
    let blanks = columns.saturating_sub(width(text));
    format!("{}{text}", " ".repeat(blanks))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_client_reaches_the_terminal_as_a_command() {
        let hostile = "a\u{1b}[2J\u{1b}]0;title\u{7}b\r\nc\td\u{9b}31m\u{202e}e\u{7f}\u{2028}\0";
        let shown = safe(hostile);
        assert_eq!(shown, "a␛[2J␛]0;title␇b␍␊c␉d�31m�e␡�␀");
        assert!(!shown.chars().any(char::is_control));
    }

    #[test]
    fn ordinary_text_of_any_script_stays() {
        let text = "Füße, 価格, שלום, 🛒 — ok";
        assert_eq!(safe(text), text);
    }

    #[test]
    fn text_is_cut_by_columns_not_by_characters() {
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("abcd", 3), "ab…");
        assert_eq!(cut("価格表", 5), "価格…");
        assert_eq!(cut("価格表", 4), "価…");
        assert_eq!(cut("abc", 0), "");
        for columns in 0..12 {
            assert!(width(&cut("a価b🛒cé格", columns)) <= columns);
        }
    }
}
