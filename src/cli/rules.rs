//! `sandbar rules`: what a release of Flink does, policy by policy.

use super::HOLDS;
use super::arguments::RulesOf;
use super::screen::Screen;
use crate::rules::{Release, Rules};

/// Prints the rules of a release, or those in which it differs from another.
pub(super) fn rules(of: &RulesOf, screen: &mut Screen) -> u8 {
    let words = of.release.rules().words();
    let style = screen.style;
    let text = match of.diff {
        None => {
            let stands_for = of.release.stands_for().map(|told| format!("{told}\n\n"));
            let told = told(&words, &[of.release], |place, field| {
                format!("{} = {}\n", style.heading(field), words[place])
            });
            stands_for.unwrap_or_default() + &told
        }
        Some(other) => {
            let others = other.rules().words();
            let differing = told(&words, &[of.release, other], |place, field| {
                match (words[place], others[place]) {
                    (this, that) if this == that => String::new(),
                    (this, that) => {
                        format!(
                            "{} = {this} in {}, {that} in {other}\n",
                            style.heading(field),
                            of.release
                        )
                    }
                }
            });
            match differing.is_empty() {
                true => format!("no rule differs between {} and {other}\n", of.release),
                false => differing,
            }
        }
    };
    screen.say(&text);
    HOLDS
}

/// What is said of each field, and below it what it decides, and where it is known from what it is in these releases.
fn told(words: &[&str], releases: &[Release], line: impl Fn(usize, &str) -> String) -> String {
    let fields = Rules::FIELDS.iter().enumerate().take(words.len());
    let said = fields.map(|(place, field)| (line(place, &field.spelled()), field));
    let said = said.filter(|(line, _)| !line.is_empty());
    said.map(|(line, field)| {
        let known = releases.iter();
        let known =
            known.map(|release| format!("    in {release}: {}\n", field.known_in(*release)));
        let stories = field.stories().iter().map(|story| format!("    shown by {story}\n"));
        format!("{line}    {}\n{}", field.meaning(), known.chain(stories).collect::<String>())
    })
    .collect()
}
