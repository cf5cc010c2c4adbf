//! `sandbar rules`: what a release of Flink does, policy by policy.

use super::HOLDS;
use super::arguments::RulesOf;
use super::screen::Screen;
use crate::render::Style;
use crate::rules::{Mutation, Release, Rules};

/// Prints the rules of a release, or those in which it differs from another.
pub(super) fn rules(of: &RulesOf, screen: &mut Screen) -> u8 {
    let words = of.release.rules().words();
    let style = screen.style;
    if !of.mutation.is_empty() {
        screen.say(&patched(of.release, &of.mutation, style));
        return HOLDS;
    }
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

/// The rules that mutations patch, each with what it is without them and with them, and what it decides.
pub(super) fn patched(release: Release, mutations: &[Mutation], style: Style) -> String {
    let sound = release.rules();
    let mut broken = release.rules();
    mutations.iter().for_each(|mutation| mutation.apply(&mut broken));
    let broken = broken.words();
    let text = told(&sound.words(), &[release], |place, field| {
        match (sound.words()[place], broken[place]) {
            (sound, broken) if sound == broken => String::new(),
            (sound, broken) => format!("{} = {broken} instead of {sound}\n", style.heading(field)),
        }
    });
    if text.is_empty() {
        return format!("it changes no rule of {release}, which does the same by itself\n");
    }
    text
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
