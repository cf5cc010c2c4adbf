//! How wide text is, by estimate: a picture is laid out without the font that shows it.

use super::scene::Length;

/// How a text is set.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Lettering {
    /// In tenths of a pixel.
    pub(super) size: Length,
    /// Whether it is bold.
    pub(super) is_bold: bool,
}

impl Lettering {
    /// What most is set in.
    pub(super) const PLAIN: Self = Self { size: 110, is_bold: false };
    /// What stands out.
    pub(super) const BOLD: Self = Self { size: 110, is_bold: true };
    /// The names of lanes.
    pub(super) const NAME: Self = Self { size: 120, is_bold: false };

    /// How wide a text is.
    pub(super) fn width(self, text: &str) -> Length {
        let hundredths: Length = text.chars().map(hundredths).sum();
        let width = hundredths * self.size / 100;
        if self.is_bold { width * 106 / 100 } else { width }
    }

    /// The text, cut off so that it is no wider.
    pub(super) fn fitted(self, text: &str, most: Length) -> String {
        if self.width(text) <= most {
            return text.to_owned();
        }
        let mut kept = String::new();
        for letter in text.chars() {
            if self.width(&format!("{kept}{letter}…")) > most {
                break;
            }
            kept.push(letter);
        }
        format!("{}…", kept.trim_end())
    }

    /// The text in lines that are no wider, of which there are so many at most.
    pub(super) fn wrapped(self, text: &str, most: Length, lines_max: usize) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        for word in text.split_whitespace() {
            match lines.last_mut() {
                Some(line) if self.width(&format!("{line} {word}")) <= most => {
                    line.push(' ');
                    line.push_str(word);
                }
                Some(_) | None => lines.push(word.to_owned()),
            }
        }
        let is_cut = lines.len() > lines_max;
        lines.truncate(lines_max);
        if let Some(last) = lines.last_mut() {
            let text = if is_cut { format!("{last} …") } else { last.clone() };
            *last = self.fitted(&text, most);
        }
        lines
    }
}

/// The width of a letter in hundredths of its size.
const fn hundredths(letter: char) -> Length {
    match letter {
        'i' | 'j' | 'l' | 'I' | '.' | ',' | ':' | ';' | '|' | '!' => 28,
        'f' | 't' | 'r' | '(' | ')' | '[' | ']' | '-' | '/' | ' ' => 36,
        'm' | 'w' | 'M' | 'W' => 86,
        '\u{2e80}'.. => 100,
        _ => 56,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wider_letters_and_bold_ones_take_more_room() {
        assert!(Lettering::PLAIN.width("mmm") > Lettering::PLAIN.width("iii"));
        assert!(Lettering::BOLD.width("cut 2") > Lettering::PLAIN.width("cut 2"));
    }

    #[test]
    fn what_is_too_wide_is_cut_off_and_says_so() {
        let most = Lettering::PLAIN.width("checkpoint");
        let fitted = Lettering::PLAIN.fitted("checkpoint 2 aborted", most);
        assert!(fitted.ends_with('…') && Lettering::PLAIN.width(&fitted) <= most, "{fitted}");
        assert_eq!(Lettering::PLAIN.wrapped("one two three", most, 5).join(" "), "one two three");
        assert!(Lettering::PLAIN.wrapped("one two three four", 400, 1)[0].ends_with('…'));
    }
}
