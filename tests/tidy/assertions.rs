//! How much of what must hold is asserted, room by room.
//!
//! An assertion is what ends a run because Sandbar is wrong and says how: `assert!` and its kin, `.expect("why it holds")`,
//! `unreachable!("why")`, `panic!("what is wrong")`. Functions are those with a body. Tests do not count.

use super::files_ending;
use super::source::code_of;

/// How many assertions a room has at least for a hundred functions. A room may rise; whoever lowers one says why.
const LEAST: [(&str, usize); 5] =
    [("task", 50), ("coordinator", 50), ("cluster", 37), ("state", 50), ("store", 17)];

const ASSERTIONS: [&str; 9] = [
    "assert!(",
    "assert_eq!(",
    "assert_ne!(",
    ".expect(",
    "unreachable!(",
    "panic!(",
    "debug_assert!(",
    "debug_assert_eq!(",
    "debug_assert_ne!(",
];

/// How many assertions and how many functions with a body some code has.
fn counted(text: &str) -> (usize, usize) {
    let code = code_of(text);
    let end = code.find("#[cfg(test)]").or_else(|| code.find("#[cfg(all(test"));
    let code = &code[..end.unwrap_or(code.len())];
    let begins = |place: usize| {
        let before = code[..place].chars().next_back();
        before.is_none_or(|letter| !letter.is_alphanumeric() && letter != '_')
    };
    let count = |word: &str| {
        let found = code.match_indices(word);
        found.filter(|(place, _)| word.starts_with('.') || begins(*place)).count()
    };
    let functions = code.match_indices("fn ").filter(|(place, _)| begins(*place));
    let functions = functions.filter(|(place, _)| has_body(&code[place + 3..])).count();
    (ASSERTIONS.iter().map(|word| count(word)).sum(), functions)
}

/// Whether a function, from its name on, is not only declared; a type such as `fn(u8) -> u8` has no name and is none.
fn has_body(rest: &str) -> bool {
    let mut depth = 0;
    for letter in rest.chars() {
        match letter {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            '{' if depth == 0 => return true,
            ';' if depth == 0 => return false,
            _ => {}
        }
    }
    false
}

/// Rooms in which too little is asserted.
pub(crate) fn complaints() -> Vec<String> {
    let mut complaints = Vec::new();
    for (room, least) in LEAST {
        let files = files_ending(&format!("src/{room}"), ".rs").into_iter();
        let files = files.filter(|file| !file.name.contains("/tests"));
        let counts = files.map(|file| counted(&file.text().expect("code is text")));
        let (assertions, functions) =
            counts.fold((0, 0), |sum, file| (sum.0 + file.0, sum.1 + file.1));
        assert!(functions > 0, "src/{room} is gone; take it out of tests/tidy/assertions.rs");
        if assertions * 100 < functions * least {
            complaints.push(format!(
                "src/{room}: {assertions} assertions in {functions} functions, of which {least} in 100 are wanted; say \
                 what must hold where state changes"
            ));
        }
    }
    complaints
}

#[test]
fn assertions_and_functions_are_counted_without_tests_and_texts() {
    let code = r#"
        trait Disk { fn read(&self, at: [u8; 2]) -> u8; }
        /// assert!(true)
        fn one(call: fn(u8) -> u8) { assert!(call(1) > 0, "assert!(no)"); debug_assert_eq!(1, 1); }
        fn two() { three().expect("there are three") }
        #[cfg(test)]
        mod tests { fn four() { assert!(true) } }
    "#;
    assert_eq!(counted(code), (3, 2));
}
