//! Words that no file of the project says.

use super::{files, files_ending};

/// What is banned, in which files (by the end of their names; all of them if there is none), and what to do instead. Put
/// together here, so that this file does not say them itself.
const BANNED: [(&str, &str, &str); 10] = [
    (concat!("/wo", "rk/"), "", MACHINE),
    (concat!("/ro", "ot/"), "", MACHINE),
    (concat!("/tm", "p/"), "", MACHINE),
    (concat!("/ho", "me/"), "", MACHINE),
    (concat!("to", "do!("), ".rs", "write it, or leave it out"),
    (concat!("unimpl", "emented!("), ".rs", "write it, or make it an error"),
    (concat!("db", "g!("), ".rs", "assert what you looked for in a test"),
    (concat!("#[ig", "nore"), ".rs", "make the test fast, or delete it"),
    (concat!("#[al", "low("), ".rs", EXPECT),
    (concat!("#![al", "low("), ".rs", EXPECT),
];

const MACHINE: &str = "name paths from the root of the project, or make a temporary folder";
const EXPECT: &str = "write #[expect(.., reason = \"..\")]";

/// Every place where a banned word stands.
pub(crate) fn complaints() -> Vec<String> {
    let mut complaints = Vec::new();
    for file in files("") {
        let Some(text) = file.text() else { continue };
        for (line, number) in text.lines().zip(1..) {
            let said = BANNED.iter().filter(|(word, ending, _)| {
                file.name.ends_with(ending) && begins_somewhere(line, word)
            });
            complaints.extend(
                said.map(|(word, _, instead)| {
                    format!("{}:{number}: `{word}`; {instead}", file.name)
                }),
            );
        }
    }
    complaints
}

/// The rooms whose texts people read.
const TOLD: [&str; 6] = ["check", "cli", "render", "scenario", "search", "trace"];

/// Every place where people may be told something in Rust's own form, such as `Declined`: the word of a scenario file or
/// Flink's is another one.
pub(crate) fn in_form_of_rust() -> Vec<String> {
    let is_told = |name: &str| TOLD.iter().any(|room| name.starts_with(&format!("src/{room}/")));
    let mut complaints = Vec::new();
    for file in files_ending("src", ".rs") {
        let text = file.text().expect("code is text");
        let is_test = file.name.ends_with("tests.rs") || file.name.contains("/tests/");
        let product = text.split("mod tests {").next().unwrap_or_default();
        let (mut in_error, is_told) = (false, is_told(&file.name) && !is_test);
        for (line, number) in product.lines().zip(1..) {
            in_error |= line.contains("#[error(");
            let is_ours = line.contains("assert");
            if line.contains("?}") && (in_error || is_told && !is_ours) {
                let instead = "have it say a word of the file or of Flink (`shown!`)";
                complaints.push(format!("{}:{number}: `?}}`; {instead}", file.name));
            }
            in_error &= !line.contains(")]");
        }
    }
    complaints
}

/// Whether a word stands in a line and is no part of a longer path or name.
fn begins_somewhere(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(place, _)| {
        let before = line[..place].chars().next_back();
        before.is_none_or(|letter| !letter.is_alphanumeric() && !"_.~}".contains(letter))
    })
}
