//! The table of bounds in the documentation.

use sandbar::internals::bounds::{BOUNDS, table};
use std::fs;
use std::path::Path;

#[test]
fn the_page_of_bounds_says_what_the_code_refuses() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/bounds.md");
    let page = fs::read_to_string(page).expect("the page is there");
    assert!(page.contains(&table()), "docs/bounds.md must contain this table:\n{}", table());
}

#[test]
fn no_bound_is_below_what_was_promised() {
    let most = |name: &str| {
        let bound = BOUNDS.iter().find(|bound| bound.name == name);
        bound.unwrap_or_else(|| panic!("there is no bound of {name}")).most
    };
    assert!(most("operators of a job") >= 10_000);
    assert!(most("subtasks of an operator, and key groups") >= 32_768);
    assert!(most("inputs") >= 1_000);
    assert!(most("records of an input, and of all inputs together") >= 10_000_000);
    assert!(most("levels of tables, lists and dotted keys in one another") >= 128);
    assert!(most("rows in one another in a value") >= 128);
}
