//! Reads Rust as far as the tidy test needs: code without comments and literals, and the paths it names.

/// A path that code names from the root of its crate or of `std`, as in `use crate::job::{Plan, RunId}`: one for each leaf.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct NamedPath {
    /// The line, from 1.
    pub line: usize,
    /// `crate`, `job`, `Plan`; of a `super` path what it stands for, from `crate` on.
    pub segments: Vec<String>,
}

/// The code of a Rust file: comments, texts and characters are blanks, and lines stay where they are.
pub(crate) fn code_of(text: &str) -> String {
    let source: Vec<char> = text.chars().collect();
    let mut code = source.clone();
    let mut place = 0;
    while place < source.len() {
        let end = end_of_blank(&source, place);
        for letter in code.iter_mut().take(end).skip(place).filter(|letter| **letter != '\n') {
            *letter = ' ';
        }
        place = end.max(place + 1);
    }
    code.into_iter().collect()
}

/// Where a comment or literal that begins here ends; `place` if none begins here.
fn end_of_blank(source: &[char], place: usize) -> usize {
    let at = |offset: usize| source.get(place + offset).copied().unwrap_or('\n');
    let follows_a_word = place > 0 && is_of_word(source[place - 1]);
    match (at(0), at(1)) {
        ('/', '/') => find(source, place, |rest| rest[0] == '\n'),
        ('/', '*') => end_of_comment(source, place),
        ('"', _) => end_of_text(source, place + 1),
        ('r', '"' | '#') if !follows_a_word => end_of_raw_text(source, place),
        ('\'', '\\') => find(source, place + 3, |rest| rest[0] == '\'') + 1,
        ('\'', _) if at(2) == '\'' => place + 3,
        _ => place,
    }
}

/// The first place from `from` on where `is_there` holds for what follows, or the end.
fn find(source: &[char], from: usize, is_there: impl Fn(&[char]) -> bool) -> usize {
    (from..source.len()).find(|place| is_there(&source[*place..])).unwrap_or(source.len())
}

fn end_of_comment(source: &[char], place: usize) -> usize {
    let (mut depth, mut place) = (1, place + 2);
    while depth > 0 && place < source.len() {
        let (step, change) = match &source[place..] {
            ['/', '*', ..] => (2, 1),
            ['*', '/', ..] => (2, -1),
            _ => (1, 0),
        };
        place += step;
        depth += change;
    }
    place
}

fn end_of_text(source: &[char], mut place: usize) -> usize {
    while place < source.len() && source[place] != '"' {
        place += if source[place] == '\\' { 2 } else { 1 };
    }
    (place + 1).min(source.len())
}

/// The end of `r"…"` or `r#"…"#`; the place itself if it is a raw identifier.
fn end_of_raw_text(source: &[char], place: usize) -> usize {
    let quote = find(source, place + 1, |rest| rest[0] != '#');
    if source.get(quote) != Some(&'"') {
        return place;
    }
    let hashes = quote - place - 1;
    let is_end = |rest: &[char]| {
        rest[0] == '"' && rest.len() > hashes && rest[1..=hashes].iter().all(|hash| *hash == '#')
    };
    (find(source, quote + 1, is_end) + 1 + hashes).min(source.len())
}

fn is_of_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// A word or a mark of the code, with its line.
struct Token {
    line: usize,
    text: String,
}

fn tokens(code: &str) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    for (text, line) in code.lines().zip(1..) {
        let mut goes_on = false;
        for letter in text.chars() {
            let joins = match tokens.last_mut() {
                Some(last) if goes_on && is_of_word(letter) => Some(last),
                Some(last) if letter == ':' && last.text == ":" && last.line == line => Some(last),
                Some(_) | None => None,
            };
            match joins {
                Some(last) => last.text.push(letter),
                None if letter.is_whitespace() => {}
                None => tokens.push(Token { line, text: letter.to_string() }),
            }
            goes_on = is_of_word(letter);
        }
    }
    tokens
}

/// Every path that the code of a module names from `crate`, `super` or `std`. `module` is where the file stands: `job`,
/// `build`.
pub(crate) fn named_paths(code: &str, module: &[String]) -> Vec<NamedPath> {
    let tokens = tokens(code);
    let text = |place: usize| tokens.get(place).map_or("", |token| token.text.as_str());
    let mut named = Vec::new();
    let mut module = module.to_vec();
    // The depth of braces, and at which depths a module within the file began.
    let (mut depth, mut within) = (0, Vec::new());
    let mut place = 0;
    while place < tokens.len() {
        match text(place) {
            "mod" if text(place + 2) == "{" => {
                module.push(text(place + 1).to_owned());
                within.push(depth);
                place += 1;
            }
            "{" => depth += 1,
            "}" => {
                depth -= 1;
                if within.last() == Some(&depth) {
                    within.pop();
                    module.pop();
                }
            }
            "crate" | "super" | "std" if text(place + 1) == "::" => {
                let before = place.checked_sub(1).map_or("", text);
                if before != "::" {
                    let mut tree = Tree { tokens: &tokens, place, leaves: Vec::new() };
                    tree.read(Vec::new());
                    let line = tokens[place].line;
                    let leaves = tree.leaves.into_iter();
                    named.extend(
                        leaves
                            .map(|leaf| NamedPath { line, segments: from_the_root(leaf, &module) }),
                    );
                    place = tree.place;
                    continue;
                }
            }
            _ => {}
        }
        place += 1;
    }
    named
}

/// A path as it reads from `crate` or `std`, for a module that names it from above itself.
fn from_the_root(leaf: Vec<String>, module: &[String]) -> Vec<String> {
    let ups = leaf.iter().take_while(|segment| *segment == "super").count();
    if ups == 0 {
        return leaf;
    }
    let above = &module[..module.len().saturating_sub(ups)];
    let root = ["crate".to_owned()];
    root.iter().chain(above).chain(&leaf[ups..]).cloned().collect()
}

/// A tree of paths, as after `use`.
struct Tree<'t> {
    tokens: &'t [Token],
    place: usize,
    leaves: Vec<Vec<String>>,
}

impl Tree<'_> {
    fn text(&self) -> &str {
        self.tokens.get(self.place).map_or("", |token| token.text.as_str())
    }

    fn read(&mut self, mut path: Vec<String>) {
        while self.text().starts_with(is_of_word) || self.text() == "*" {
            path.push(self.text().to_owned());
            self.place += 1;
            if self.text() != "::" {
                self.leaves.push(path);
                return;
            }
            self.place += 1;
        }
        if self.text() == "{" {
            self.read_group(&path);
        } else {
            self.leaves.push(path);
        }
    }

    fn read_group(&mut self, path: &[String]) {
        self.place += 1;
        while !matches!(self.text(), "}" | "") {
            self.read(path.to_vec());
            // What stands between a leaf and the next one: `as name`, a comma.
            while !matches!(self.text(), "}" | "," | "") {
                self.place += 1;
            }
            if self.text() == "," {
                self.place += 1;
            }
        }
        self.place += 1;
    }
}

#[test]
fn paths_are_found_in_trees_and_not_in_comments_or_texts() {
    let code = r##"
        //! crate::comment
        use crate::{job::{Plan, RunId as Run}, kernel};
        const TEXT: &str = "crate::text"; const RAW: &str = r#"crate::"raw"#; const MARK: char = '"';
        fn f<'a>(x: &'a super::super::Other) -> std::time::Instant { /* crate::x */ self::here() }
        mod tests {
            use super::super::sibling::Thing;
        }
        fn g() { super::sibling::go::<u8>() }
    "##;
    let module = ["room".to_owned(), "file".to_owned()];
    let paths = named_paths(&code_of(code), &module);
    let found: Vec<_> = paths.iter().map(|path| path.segments.join("::")).collect();
    assert_eq!(
        found,
        [
            "crate::job::Plan",
            "crate::job::RunId",
            "crate::kernel",
            "crate::Other",
            "std::time::Instant",
            "crate::room::sibling::Thing",
            "crate::room::sibling::go"
        ]
    );
    assert_eq!(paths[4].line, 5);
}
