//! Lines that fit a terminal.

use crate::render::columns;
use anstream::adapter::strip_str;

/// How wide text is that goes to a pipe or a file.
pub(super) const WIDTH: usize = 80;
/// How many columns a line that was broken has at least; it hangs further to the left if need be.
const TEXT_MIN: usize = 24;

/// The text with each line that is wider broken at spaces. Two spaces are between columns: what is broken hangs below the
/// last of them. A word that is wider than a line, such as a path, stays whole; so does a line that is a command to copy.
pub(super) fn fitted(text: &str, width: usize) -> String {
    let lines = text.split_inclusive('\n').map(|line| match columns(line) > width {
        true if !is_command(line) => broken(line, width),
        true | false => line.to_owned(),
    });
    lines.collect()
}

fn is_command(line: &str) -> bool {
    let line = strip_str(line).to_string();
    let line = line.trim_start();
    let is_prompted = line.contains("  $ ");
    is_prompted
        || ["replay: ", "shrink: ", "story:  ", "go on  "]
            .iter()
            .any(|begin| line.starts_with(begin))
}

fn broken(line: &str, width: usize) -> String {
    let hang = hang(line, width);
    let (mut text, mut at, mut gap) = (String::new(), 0, 0);
    for (place, word) in line.split(' ').enumerate() {
        gap += usize::from(place > 0);
        if word.is_empty() {
            continue;
        }
        let wide = columns(word.trim_end_matches('\n'));
        if at > hang && at + gap + wide > width {
            text.push('\n');
            (at, gap) = (0, hang);
        }
        text.push_str(&" ".repeat(gap));
        text.push_str(word);
        at += gap + wide;
        gap = 0;
    }
    text
}

/// Where the last column of a line begins that leaves room for text.
fn hang(line: &str, width: usize) -> usize {
    let most = width.saturating_sub(TEXT_MIN);
    let (mut hang, mut at, mut spaces) = (None, 0, 0);
    for word in line.split_inclusive(' ') {
        let letters = columns(word.trim_end());
        if letters > 0 && spaces >= 2 && at <= most {
            hang = Some(at);
        }
        let behind = usize::from(word.ends_with(' '));
        spaces = if letters > 0 { behind } else { spaces + behind };
        at += letters + behind;
    }
    hang.unwrap_or(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_is_broken_and_hangs_below_its_last_column() {
        let check = |line: &str, expected: &str| assert_eq!(fitted(line, 40), expected);
        check("short  line\n", "short  line\n");
        check(
            "  12.5ms  job  one two three four five six seven eight\n",
            "  12.5ms  job  one two three four five\n               six seven eight\n",
        );
        check(
            "no columns, and yet it is too long to stay on one line",
            "no columns, and yet it is too long to\n  stay on one line",
        );
        check(
            "\u{1b}[31mone\u{1b}[0m  件数 件数 件数 件数 件数 件数 件数 件数 件数\n",
            "\u{1b}[31mone\u{1b}[0m  件数 件数 件数 件数 件数 件数 件数\n     件数 件数\n",
        );
    }

    #[test]
    fn what_is_to_be_copied_stays_whole() {
        let path = format!("  {}\n", "a/".repeat(40));
        assert_eq!(fitted(&path, 40), path);
        for begin in ["replay: sandbar", "    \u{1b}[2mstory:  sandbar", "  1.000ms  $ flink"] {
            let command = format!("{begin} run {}x\n", "word ".repeat(20));
            assert_eq!(fitted(&command, 40), command);
        }
    }
}
