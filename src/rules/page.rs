//! The page docs/rules.md: where it is known from what the rules are.

use super::{Field, Known, Release, Rules};
use std::fmt::Write as _;

/// What stands above the table.
const HEAD: &str = "\
# Where the rules are known from

What Sandbar does in a release of Flink is a table of rules; `sandbar rules RELEASE` prints it. Each rule in each of the releases that were
looked into one by one is known from one of these:

- *recorded*: a real Flink of that version was run and seen to do so. The rows of it that are here are played by `tests/recorded`,
  `tests/restore_outcomes` and `tests/protocol_facts`, so that a rule which contradicts one of them fails a test;
  `tests/recorded_cells.txt` names a row for each rule and release of which one comes out otherwise with any other choice.
- *read*: its source, or its class files, say so. The source of 2.0 is what was read of 2.x.
- *page*: an official page, a FLIP or an issue says in which releases.
- *not verified*: none of these, or nobody wrote down which. Most lie between two releases that are known and do the same.

A release that has nothing which a rule decides is left out.
";

impl Rules {
    /// The page docs/rules.md.
    pub fn page() -> String {
        let mut page = HEAD.to_owned();
        let cells = || {
            Self::FIELDS
                .iter()
                .flat_map(|field| Release::ALL.map(|release| field.known_in(release)))
        };
        let count = |is_such: fn(&Known) -> bool| cells().filter(is_such).count();
        let _written = write!(
            page,
            "\n{} are recorded, {} read, {} told by a page, {} not verified.\n\n\
             | rule | recorded | read | page | not verified in |\n|---|---|---|---|---|\n",
            count(|known| matches!(known, Known::Recorded(_))),
            count(|known| matches!(known, Known::Read(_))),
            count(|known| matches!(known, Known::Page(_))),
            count(|known| matches!(known, Known::Unverified)),
        );
        page.extend(Self::FIELDS.iter().map(row));
        page.push_str("\n## Not verified, by release\n\n");
        page.extend(Release::ALL.into_iter().map(unverified_in));
        page
    }
}

/// What is known of one rule.
fn row(field: &Field) -> String {
    let unverified = Release::ALL.into_iter().filter(|release| is_unverified(field, *release));
    let unverified: Vec<String> = unverified.map(|release| release.to_string()).collect();
    let super::Evidence { recorded, read, page, .. } = field.evidence;
    let (name, unverified) = (field.spelled(), unverified.join(", "));
    format!("| `{name}` | {recorded} | {read} | {page} | {unverified} |\n")
}

/// The rules of which it is not known where from they are known in a release.
fn unverified_in(release: Release) -> String {
    let fields = Rules::FIELDS.iter().filter(|field| is_unverified(field, release));
    let names: Vec<String> = fields.map(|field| format!("`{}`", field.spelled())).collect();
    format!("- **{release}**: {}\n", names.join(", "))
}

fn is_unverified(field: &Field, release: Release) -> bool {
    field.known_in(release) == Known::Unverified
}
