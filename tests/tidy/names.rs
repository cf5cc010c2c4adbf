//! What an operator is stands in its entry in the catalogue; code elsewhere asks the entry and no name.

use super::files_ending;
use sandbar::Catalogue;
use std::collections::BTreeSet;

/// What operators remember, by the names of their states.
const STATES: [&str; 4] = ["transactions", "positions", "SourceReaderState", "committables"];

/// The keys of the scenario language that are also kinds, where that language is read and written.
const KEYS: [&str; 5] = ["source", "sink", "window", "delay", "key-by"];

/// The kinds and functions of the catalogue, and the states of its operators.
fn names() -> BTreeSet<String> {
    let catalogue = Catalogue::built_in();
    let of_operators = catalogue.names().flat_map(|(kind, function)| [kind, function]);
    of_operators.chain(STATES).map(str::to_owned).collect()
}

/// The names that a line of code compares something with, matches on, or looks up.
fn asked<'l>(line: &'l str, names: &'l BTreeSet<String>) -> impl Iterator<Item = &'l str> {
    let code = line.split_once("// ").map_or(line, |(code, _)| code);
    names.iter().map(String::as_str).filter(move |name| {
        let literal = format!("\"{name}\"");
        code.match_indices(&literal).any(|(place, _)| {
            let (before, after) = (code[..place].trim_end(), &code[place + literal.len()..]);
            let compares = ["==", "!=", "|", "get(", "contains_key("];
            compares.iter().any(|mark| before.ends_with(mark))
                || ["=>", "|", "if "].iter().any(|mark| after.trim_start().starts_with(mark))
                || code.contains("matches!(")
        })
    })
}

/// Every place outside the catalogue and the operators that asks for a name.
pub(crate) fn complaints() -> Vec<String> {
    let names = names();
    let is_elsewhere = |name: &str| {
        let is_test = name.ends_with("/tests.rs") || name.contains("/tests/");
        !name.starts_with("src/operator/") && !is_test
    };
    let mut complaints = Vec::new();
    for file in files_ending("src", ".rs").into_iter().filter(|file| is_elsewhere(&file.name)) {
        let text = file.text().expect("code is text");
        let of_language = file.name.starts_with("src/scenario/text/");
        let code = text.lines().take_while(|line| *line != "mod tests {").zip(1..);
        for (line, number) in code {
            let asked = asked(line, &names).filter(|name| !(of_language && KEYS.contains(name)));
            complaints.extend(asked.map(|name| {
                format!("{}:{number}: `{name}`; ask its entry in the catalogue", file.name)
            }));
        }
    }
    complaints
}

#[test]
fn a_question_for_a_name_is_noticed() {
    let names = names();
    for line in [
        r#"if kind == "committer" {"#,
        r#"    "plain" => Some(Self::Plain),"#,
        r#"matches!(kind, OperatorKind::Sink { kind } if kind == "two-phase")"#,
        r#"snapshot.lists.get("positions")"#,
        r#"    | "dedup""#,
    ] {
        assert_eq!(asked(line, &names).count(), 1, "{line}");
    }
    assert_eq!(asked(r#"draw.weighted("kind", &[("buffer", 2)])"#, &names).count(), 0);
}
