//! What a policy is: something with a name, a meaning and a few choices, that can be told and overridden by its words.

use super::{Evidence, Known, Release, Rules};

/// What a field of the rules can be.
pub trait Policy: Copy + Eq + Sized + 'static {
    /// Every choice, with the word that a scenario spells it by.
    const CHOICES: &'static [(Self, &'static str)];

    /// The word of this choice.
    fn word(self) -> &'static str {
        let known = Self::CHOICES.iter().find(|(choice, _)| *choice == self);
        known.expect("every choice is listed").1
    }

    /// The words of all choices.
    fn words() -> Vec<&'static str> {
        Self::CHOICES.iter().map(|(_, word)| *word).collect()
    }
}

impl Policy for bool {
    const CHOICES: &'static [(Self, &'static str)] = &[(false, "false"), (true, "true")];
}

/// One field of the rules.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its name in the code.
    pub name: &'static str,
    pub(super) meaning: &'static str,
    pub(super) stories: &'static [&'static str],
    pub(super) evidence: Evidence,
    /// The words of its choices.
    pub(super) choices: fn() -> Vec<&'static str>,
}

impl Field {
    /// Its name in a scenario.
    pub fn spelled(&self) -> String {
        self.name.replace('_', "-")
    }

    /// What it decides, in one sentence that ends with its source in brackets.
    pub fn meaning(&self) -> &'static str {
        self.meaning.trim()
    }

    /// Where it is known from what it is in a release.
    pub fn known_in(&self, release: Release) -> Known {
        self.evidence.of(release)
    }

    /// The stories that show what it decides, from the root of the project.
    pub const fn stories(&self) -> &'static [&'static str] {
        self.stories
    }
}

/// One field set to another choice than the release's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Override {
    pub(super) field: &'static str,
    pub(super) word: &'static str,
}

impl Override {
    /// The field, as a scenario spells it.
    pub fn field(&self) -> String {
        self.field.replace('_', "-")
    }

    /// The choice, as a scenario spells it.
    pub const fn word(&self) -> &'static str {
        self.word
    }
}

/// Why a rule cannot be overridden so.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WrongRule {
    /// There is no such field.
    #[error("there is no rule `{0}`")]
    UnknownField(String),
    /// The field has no such choice.
    #[error("the rule `{field}` cannot be `{word}`")]
    UnknownChoice {
        /// The field.
        field: String,
        /// What was asked for.
        word: String,
        /// What it can be.
        choices: Vec<&'static str>,
    },
}

impl Rules {
    /// One field set to another choice, both spelled as in a scenario: `savepoint-in-completed-store` and `true`.
    ///
    /// # Errors
    ///
    /// There is no such field, or it has no such choice.
    pub fn overriding(field: &str, word: &str) -> Result<Override, WrongRule> {
        let Some(known) = Self::FIELDS.iter().find(|known| known.spelled() == field) else {
            return Err(WrongRule::UnknownField(field.to_owned()));
        };
        let choices = (known.choices)();
        match choices.iter().find(|choice| **choice == word) {
            Some(choice) => Ok(Override { field: known.name, word: choice }),
            None => {
                let (field, word) = (known.spelled(), word.to_owned());
                Err(WrongRule::UnknownChoice { field, word, choices })
            }
        }
    }
}

/// Declares the choices of a policy, each with its word.
macro_rules! choices {
    ($(#[$about:meta])* pub enum $name:ident {
        $($(#[$($meaning:tt)*])* $choice:ident = $word:literal,)+
    }) => {
        $(#[$about])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $($(#[$($meaning)*])* #[serde(rename = $word)] $choice,)+
        }

        impl $crate::rules::Policy for $name {
            const CHOICES: &'static [(Self, &'static str)] = &[$((Self::$choice, $word),)+];
        }

        impl $crate::documented::Documented for $name {
            const ABOUT: &'static [&'static str] =
                &[$($crate::documented::doc_of!($(#[$($meaning)*])*),)+];
        }
    };
}

/// A choice of a policy, from its name.
macro_rules! choice {
    (bool $choice:ident) => {
        $choice
    };
    ($policy:ident $choice:ident) => {
        $policy::$choice
    };
}

/// Declares the rules: a struct whose fields can be listed with their meanings, told and set by name, and what it is in each release.
macro_rules! rules {
    ($(
        $(#[doc = $meaning:literal])+
        $rule:ident: $policy:ident = $newest:ident $(, until $release:ident: $earlier:ident)*
            $(, recorded $recorded:literal)? $(, read $read:literal)? $(, page $page:literal)? $(, moot $moot:literal)?
            $(, shown by $story:literal)*;
    )+) => {
        /// The policies that differ between releases, or that a broken protocol breaks.
        ///
        /// Each says what it decides and, in brackets, where that is laid down.
        #[derive(Clone, PartialEq, Eq, Debug)]
        pub struct Rules {
            $($(#[doc = $meaning])+ pub $rule: $policy,)+
        }

        impl Rules {
            /// Every field, in the order in which it is declared.
            pub const FIELDS: &'static [Field] = &[$(Field {
                name: stringify!($rule),
                meaning: concat!($($meaning),+),
                stories: &[$($story),*],
                evidence: Evidence {
                    recorded: concat!($($recorded)?),
                    read: concat!($($read)?),
                    page: concat!($($page)?),
                    moot: concat!($($moot)?),
                },
                choices: <$policy>::words,
            },)+];

            /// By rule, the releases after which it changed, as they are declared.
            #[cfg(test)]
            pub(super) const CHANGED_AFTER: &'static [&'static [Release]] = &[$(&[$(Release::$release),*],)+];

            /// The words of all fields, in the order of [`Rules::FIELDS`].
            pub fn words(&self) -> Vec<&'static str> {
                vec![$(self.$rule.word(),)+]
            }

            /// Sets a field.
            pub fn set(&mut self, to: &Override) {
                $(if to.field == stringify!($rule) {
                    let mut choices = <$policy>::CHOICES.iter();
                    let choice = choices.find(|(_, word)| *word == to.word);
                    self.$rule = choice.expect("an override is one of the choices").0;
                })+
            }
        }

        impl Release {
            /// Its rules: of each the newest choice, or an earlier one if this release is not past the last that had it.
            pub fn rules(self) -> Rules {
                Rules {$($rule: {
                    let choice = choice!($policy $newest);
                    $(let choice = if self <= Self::$release { choice!($policy $earlier) } else { choice };)*
                    choice
                },)+}
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::{Failover, Release};

    #[test]
    fn every_field_names_its_source() {
        for field in Rules::FIELDS {
            let meaning = field.meaning();
            assert!(meaning.ends_with(").") && meaning.contains(" ("), "{}: {meaning}", field.name);
        }
    }

    #[test]
    fn a_rule_changed_after_each_release_that_it_names_from_the_newest_back() {
        for (place, (field, after)) in Rules::FIELDS.iter().zip(Rules::CHANGED_AFTER).enumerate() {
            let word = |release: Release| release.rules().words()[place];
            let changed =
                Release::EVERY.windows(2).rev().filter(|pair| word(pair[0]) != word(pair[1]));
            let changed: Vec<Release> = changed.map(|pair| pair[0]).collect();
            assert_eq!(*after, changed, "`{}` does not change as its row says", field.name);
        }
    }

    #[test]
    fn a_field_can_be_set_to_what_it_says_it_is() {
        for release in Release::ALL {
            let mut rules = release.rules();
            for (field, word) in Rules::FIELDS.iter().zip(release.rules().words()) {
                let own = Rules::overriding(&field.spelled(), word);
                rules.set(&own.expect("its own word is a choice"));
            }
            assert_eq!(rules, release.rules());
        }
    }

    #[test]
    fn a_mistaken_field_or_choice_is_refused() {
        let error = Rules::overriding("fail-over", "full").unwrap_err();
        assert_eq!(error.to_string(), "there is no rule `fail-over`");
        let error = Rules::overriding("failover", "none").unwrap_err();
        assert_eq!(error.to_string(), "the rule `failover` cannot be `none`");
    }

    #[test]
    fn an_override_changes_one_field() {
        let mut rules = Release::default().rules();
        rules.set(&Rules::overriding("failover", "full").expect("it is a choice"));
        assert_eq!(rules, Rules { failover: Failover::Full, ..Release::default().rules() });
    }
}
