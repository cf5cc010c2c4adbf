//! How much a type may hold: who has more fields or methods than can be kept in mind has a part that deserves a name.

use super::{files_ending, source};
use std::collections::BTreeMap;

/// The most fields that a struct of the engine has. What a scenario may say are as many words as there are.
const FIELDS_MAX: usize = 20;
/// The most methods that a type has, over all files of its room.
const METHODS_MAX: usize = 60;

/// A struct or an `impl` block of a file: its type, and how many fields or methods it has.
#[derive(PartialEq, Eq, Debug)]
struct Block {
    of: String,
    is_struct: bool,
    members: usize,
}

/// The blocks of code as rustfmt writes it, without tests.
fn blocks(code: &str) -> Vec<Block> {
    let mut found = Vec::new();
    let mut lines = code.lines();
    while let Some(line) = lines.next() {
        if line == "#[cfg(test)]" {
            lines.find(|line| line.ends_with(';') || *line == "}");
            continue;
        }
        let head = without_visibility(line);
        let of = match (head.strip_prefix("struct "), head.starts_with("impl")) {
            _ if !line.ends_with('{') => continue,
            (Some(name), _) => first_word(name),
            (None, true) => type_of(head),
            (None, false) => continue,
        };
        let is_struct = !head.starts_with("impl");
        let is_member = |line: &&str| match line.strip_prefix("    ").map(without_visibility) {
            Some(own) if is_struct => own.contains(": ") && !own.starts_with([' ', '#']),
            Some(own) => ["fn ", "const fn "].iter().any(|word| own.starts_with(word)),
            None => false,
        };
        let members = lines.by_ref().take_while(|line| *line != "}").filter(is_member).count();
        found.push(Block { of, is_struct, members });
    }
    found
}

fn without_visibility(line: &str) -> &str {
    let rest = line.strip_prefix("pub").unwrap_or(line);
    let rest = rest.strip_prefix('(').and_then(|rest| rest.split_once(')')).map_or(rest, |r| r.1);
    if rest.len() < line.len() { rest.trim_start() } else { line }
}

fn first_word(text: &str) -> String {
    text.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect()
}

/// `impl<T> Trait<T> for room::Type<T> {` is about `Type`.
fn type_of(head: &str) -> String {
    let mut depth = 0;
    let generic = |letter: &char| {
        depth += i32::from(*letter == '<') - i32::from(*letter == '>');
        depth == 0 && *letter != '>'
    };
    let plain: String = head.chars().filter(generic).collect();
    let of = plain.rsplit_once(" for ").map_or(plain.trim_start_matches("impl"), |(_, of)| of);
    let of = of.trim().rsplit("::").next().expect("a path has a last part");
    first_word(of)
}

/// Every type that is too large.
pub(crate) fn complaints() -> Vec<String> {
    let mut complaints = Vec::new();
    let mut methods: BTreeMap<(String, String), usize> = BTreeMap::new();
    for file in files_ending("src", ".rs") {
        let room = file.name.split('/').nth(1).expect("code lies in a room").to_owned();
        if file.name.contains("/tests") {
            continue;
        }
        for block in blocks(&source::code_of(&file.text().expect("code is text"))) {
            let Block { of, is_struct, members } = block;
            if !is_struct {
                *methods.entry((room.clone(), of)).or_default() += members;
            } else if members > FIELDS_MAX && room != "scenario" {
                let (name, most) = (&file.name, FIELDS_MAX);
                complaints.push(format!("{name}: `{of}` has {members} fields, {most} at most"));
            }
        }
    }
    let large = methods.into_iter().filter(|(_, count)| *count > METHODS_MAX);
    complaints.extend(large.map(|((room, of), count)| {
        format!(
            "src/{room}: `{of}` has {count} methods, {METHODS_MAX} at most; move some to a part"
        )
    }));
    complaints
}

#[test]
fn fields_and_methods_are_counted_as_they_stand() {
    let code = "pub(crate) struct Two<T> {\n    pub one: T,\n    #[serde(skip)]\n    two: [u8; 2],\n}\n\
        impl<T: From<u8>> room::Trait<T> for Two<T> {\n    const fn a() {}\n    pub(super) fn b() {\n        fn inner() {}\n    }\n}\n\
        #[cfg(test)]\nmod tests {\n    impl Two<u8> {\n        fn c() {}\n    }\n}\n";
    let block = |is_struct| Block { of: "Two".to_owned(), is_struct, members: 2 };
    assert_eq!(blocks(code), [block(true), block(false)]);
}
