//! Text in columns of a terminal: letters of East Asia take two, escape sequences none.

use unicode_width::UnicodeWidthStr;

/// How many columns a text takes.
pub fn columns(text: &str) -> usize {
    let mut parts = text.split('\u{1b}');
    let first = parts.next().map_or(0, UnicodeWidthStr::width);
    // An escape sequence of colour ends with its first `m`.
    let rest = parts.map(|part| part.split_once('m').map_or(0, |(_, shown)| shown.width()));
    first + rest.sum::<usize>()
}

/// The text with spaces behind it, up to so many columns.
pub fn padded(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(columns(text))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_letters_count_twice_and_colour_does_not() {
        assert_eq!((columns("plain"), columns("件数"), columns("é")), (5, 4, 1));
        assert_eq!(columns("\u{1b}[1m\u{1b}[31m件\u{1b}[0m x"), 4);
        assert_eq!(padded("件数", 6), "件数  ");
        assert_eq!(padded("wider", 3), "wider");
    }
}
