//! How deep the text of a file is nested: looked at before the reader of TOML, which calls itself for each level, and lets
//! go of what it read in the same way.

use crate::scenario::Mistake;
use crate::scenario::bounds::NESTING;
use crate::scenario::language::Source;

/// Where one is in a text.
#[derive(Default)]
struct Walk<'t> {
    bytes: &'t [u8],
    at: usize,
    /// Levels of the table whose lines these are.
    table: u64,
    /// Whether these are the brackets of its header.
    is_header: bool,
    /// Whether the line has begun with something.
    has_begun: bool,
    /// Of each bracket that is open, the levels that it and the key before it make.
    open: Vec<u64>,
    /// Their sum.
    inside: u64,
    /// The dots of the key at hand.
    dots: u64,
}

/// Refuses a text that is nested deeper than the bound. Goes by brackets, quotes and dots alone; what is no TOML is left to
/// the reader.
pub(super) fn check(source: Source<'_>) -> Result<(), Mistake> {
    let mut walk = Walk { bytes: source.text.as_bytes(), ..Walk::default() };
    while let Some(&byte) = walk.bytes.get(walk.at) {
        let at = walk.at;
        walk.pass(byte);
        let table = if walk.is_header { 0 } else { walk.table };
        if table + walk.inside + walk.dots > NESTING.most {
            return Err(source.beyond(&(at..at + 1), &NESTING));
        }
        walk.at += 1;
    }
    Ok(())
}

impl Walk<'_> {
    fn pass(&mut self, byte: u8) {
        let begins_line = !self.has_begun;
        self.has_begun |= !matches!(byte, b' ' | b'\t');
        match byte {
            b'#' => self.skip_comment(),
            b'"' | b'\'' => self.skip_string(byte),
            b'[' | b'{' => {
                if begins_line && byte == b'[' && self.open.is_empty() {
                    (self.is_header, self.table) = (true, 0);
                }
                self.open.push(self.dots + 1);
                self.inside += self.dots + 1;
                self.dots = 0;
            }
            b']' | b'}' => {
                if self.is_header {
                    self.table = self.table.max(self.inside + self.dots);
                }
                self.inside -= self.open.pop().unwrap_or(0);
                self.dots = 0;
            }
            b'.' => self.dots += 1,
            b',' => self.dots = 0,
            b'\n' => {
                (self.dots, self.has_begun) = (0, false);
                self.is_header &= !self.open.is_empty();
            }
            _ => {}
        }
    }

    /// Goes on to the last byte of a line.
    fn skip_comment(&mut self) {
        let rest = &self.bytes[self.at..];
        let length = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
        self.at += length.saturating_sub(1);
    }

    /// Goes on to the end of a string; one of a single line ends with its line at the latest.
    fn skip_string(&mut self, quote: u8) {
        let is_long = self.bytes[self.at..].starts_with(&[quote; 3]);
        let mut at = self.at + if is_long { 3 } else { 1 };
        while let Some(&byte) = self.bytes.get(at) {
            let rest = &self.bytes[at..];
            match byte {
                b'\\' if quote == b'"' => at += 1,
                _ if is_long && rest.starts_with(&[quote; 3]) => {
                    self.at = at + 2;
                    return;
                }
                b'\n' if !is_long => {
                    // The line end is looked at next.
                    self.at = at - 1;
                    return;
                }
                _ if !is_long && byte == quote => break,
                _ => {}
            }
            at += 1;
        }
        self.at = at;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::language::line_ends;

    fn refused_at(text: &str) -> Option<(u32, u32)> {
        let ends = line_ends(text);
        let error = check(Source { text, file: "deep.toml", ends: &ends }).err()?;
        assert!(error.message.contains("more than 128 levels"), "{error:?}");
        Some((error.line, error.column))
    }

    #[test]
    fn levels_up_to_the_bound_pass_and_one_more_is_refused_at_its_place() {
        let lists =
            |levels: usize| format!("a = 1\nx = {}1{}", "[".repeat(levels), "]".repeat(levels));
        assert_eq!(refused_at(&lists(128)), None);
        assert_eq!(refused_at(&lists(129)), Some((2, 133)));
        let tables = |levels: usize| format!("{}1", "x = { a = ".repeat(levels));
        assert_eq!(refused_at(&tables(128)), None);
        assert_eq!(refused_at(&tables(129)), Some((1, 1285)));
        let keys = |dots: usize| format!("a{} = 1", ".a".repeat(dots));
        assert_eq!(refused_at(&keys(128)), None);
        assert_eq!(refused_at(&keys(129)), Some((1, 258)));
        let headers = |dots: usize| format!("[a{}]\nb = 1\n[c]\nd = 1", ".a".repeat(dots));
        assert_eq!(refused_at(&headers(127)), None);
        assert_eq!(refused_at(&headers(128)), Some((1, 257)));
        let below = |dots: usize| format!("[a{}]\nb = [[[[1]]]]", ".a".repeat(dots));
        assert_eq!(refused_at(&below(123)), None);
        assert_eq!(refused_at(&below(124)), Some((2, 8)));
    }

    #[test]
    fn brackets_and_dots_in_texts_and_comments_are_no_levels() {
        let many = "[".repeat(200) + &".".repeat(200);
        for text in [
            format!("# {many}\na = 1"),
            format!("a = \"{many}\""),
            format!("a = '{many}'"),
            format!("a = \"\\\"{many}\""),
            format!("a = \"\"\"\n{many}\n\" {many}\"\"\""),
            format!("a = \'\'\'\n{many}\n' {many}\'\'\'"),
            "a = [1.5, 2.5]\n".repeat(500),
            "[a.b]\nc.d = 1\n".repeat(500),
            "[[a.b]]\n".repeat(500),
        ] {
            assert_eq!(refused_at(&text), None, "{text}");
        }
    }
}
