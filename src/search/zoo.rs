//! The zoo: bugs of real systems, each as a story that is broken by it, and as it should be.
//!
//! Owns which stories there are, what their first lines say, and how each is played broken and mended. What is broken on purpose,
//! and by which check that is noticed, follows from the story itself.

mod stories;

use crate::operator::Catalogue;
use crate::rules::{Mutation, Release};
use crate::scenario::{Expect, Scenario, Step};
use crate::trace::CheckName;

/// A bug of a real system, as a story tells it.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Bug {
    /// The name of its story, `e03_files_of_the_start`.
    pub name: &'static str,
    /// The story, as its file holds it.
    pub text: &'static str,
    /// The story as it should be, where that is another one: what is wrong is a mistake of its user's.
    pub fixed: Option<&'static str>,
}

/// What makes a story broken.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Switch {
    /// A protocol that is broken on purpose; without it the story holds.
    Mutations(Vec<Mutation>),
    /// What some releases do; under others the story holds.
    Releases(Vec<Release>),
    /// What a user does; told otherwise, the story holds.
    User,
}

/// A story of the zoo as it is played once.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Enacted {
    /// The story, under one release.
    pub scenario: Scenario,
    /// Whether this is the bug, and not how it should be.
    pub is_broken: bool,
}

impl Bug {
    /// Its number in the catalogue of bugs, `E3`: what its name begins with.
    pub fn entry(&self) -> String {
        let first = self.name.split('_').next().unwrap_or_default();
        let (letter, number) = first.split_at(1);
        format!("{}{}", letter.to_ascii_uppercase(), number.trim_start_matches('0'))
    }

    /// Where it is known from: tickets and pull requests.
    pub fn sources(&self) -> &'static str {
        let (head, _) = self.first_line();
        let inside = head.split_once('(').and_then(|(_, rest)| rest.rsplit_once(')'));
        inside.map_or("", |(sources, _)| sources)
    }

    /// What goes wrong, in a line.
    pub fn title(&self) -> &'static str {
        self.first_line().1
    }

    /// What goes wrong, in some lines.
    pub fn told(&self) -> String {
        let lines = self.text.lines().map_while(|line| line.strip_prefix("# "));
        lines.skip(1).map(|line| format!("{line}\n")).collect()
    }

    fn first_line(&self) -> (&'static str, &'static str) {
        let line = self.text.lines().next().and_then(|line| line.strip_prefix("# "));
        line.and_then(|line| line.split_once(": ")).unwrap_or_default()
    }

    /// What makes it broken.
    ///
    /// # Panics
    ///
    /// If the catalogue lacks a built-in operator.
    pub fn switch(&self, catalogue: &Catalogue) -> Switch {
        let story = read(self.text, self.name, catalogue);
        if self.fixed.is_some() {
            Switch::User
        } else if story.mutations.is_empty() {
            Switch::Releases(broken_releases(&story))
        } else {
            Switch::Mutations(story.mutations)
        }
    }

    /// The check that notices it first; none where no check does, and `[expect]` says what is wrong.
    ///
    /// # Panics
    ///
    /// If the catalogue lacks a built-in operator.
    pub fn caught_by(&self, catalogue: &Catalogue) -> Option<CheckName> {
        let plays = self.plays(catalogue);
        let broken = plays.iter().filter(|play| play.is_broken);
        broken.flat_map(|play| &play.scenario.expect.breaks).copied().next()
    }

    /// The story, broken and as it should be.
    ///
    /// # Panics
    ///
    /// If the catalogue lacks a built-in operator.
    pub fn plays(&self, catalogue: &Catalogue) -> Vec<Enacted> {
        let story = read(self.text, self.name, catalogue);
        let under = |release| story.under(release);
        if let Some(fixed) = self.fixed {
            let broken = Enacted { scenario: under(story.flink), is_broken: true };
            let fixed = read(fixed, self.name, catalogue);
            vec![broken, Enacted { scenario: fixed.under(fixed.flink), is_broken: false }]
        } else if story.mutations.is_empty() {
            let broken = broken_releases(&story);
            let play = |release| Enacted {
                scenario: under(release),
                is_broken: broken.contains(&release),
            };
            story.releases().map(play).collect()
        } else {
            let broken = under(story.flink);
            let sound = Enacted { scenario: sound(&broken), is_broken: false };
            vec![Enacted { scenario: broken, is_broken: true }, sound]
        }
    }
}

/// The releases under which a check is broken; where none is, all but the newest.
fn broken_releases(story: &Scenario) -> Vec<Release> {
    let breaks = |release: &Release| !story.under(*release).expect.breaks.is_empty();
    let breaking: Vec<Release> = story.releases().filter(breaks).collect();
    if !breaking.is_empty() {
        return breaking;
    }
    let newest = story.releases().max();
    story.releases().filter(|release| Some(*release) != newest).collect()
}

/// The same story with no protocol broken: nothing is refused, and all checks hold.
fn sound(story: &Scenario) -> Scenario {
    let steps = story.steps.iter().map(|step| Step { refused: None, ..step.clone() });
    Scenario {
        mutations: Vec::new(),
        steps: steps.collect(),
        expect: Expect::default(),
        ..story.clone()
    }
}

fn read(text: &str, name: &str, catalogue: &Catalogue) -> Scenario {
    let story = Scenario::parse(text, &format!("{name}.toml"), catalogue);
    story.unwrap_or_else(|error| panic!("a story of the zoo cannot be read: {error}"))
}
