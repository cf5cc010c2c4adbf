//! What a policy is: something with a name, a meaning and a few choices, that can be told and overridden by its words.

/// What a field of the rules can be.
pub trait Policy: Copy + Eq + Sized + 'static {
    /// Every choice, with the word that a scenario spells it by.
    const CHOICES: &'static [(Self, &'static str)];

    /// The word of this choice.
    fn word(self) -> &'static str {
        let known = Self::CHOICES.iter().find(|(choice, _)| *choice == self);
        known.expect("every choice is listed").1
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

    /// The stories that show what it decides, from the root of the project.
    pub fn stories(&self) -> impl Iterator<Item = &'static str> + use<> {
        super::shown::stories_of(self.name)
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

/// Declares the choices of a policy, each with its word.
macro_rules! choices {
    ($(#[$about:meta])* pub enum $name:ident {
        $($(#[$meaning:meta])* $choice:ident = $word:literal,)+
    }) => {
        $(#[$about])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $($(#[$meaning])* #[serde(rename = $word)] $choice,)+
        }

        impl $crate::rules::Policy for $name {
            const CHOICES: &'static [(Self, &'static str)] = &[$((Self::$choice, $word),)+];
        }
    };
}

/// Declares the rules: a struct whose fields can be listed with their meanings, told and set by name.
macro_rules! policies {
    ($(#[$about:meta])* pub struct $rules:ident {
        $($(#[doc = $meaning:literal])+ pub $field:ident: $policy:ty,)+
    }) => {
        $(#[$about])*
        #[derive(Clone, PartialEq, Eq, Debug)]
        pub struct $rules {
            $($(#[doc = $meaning])+ pub $field: $policy,)+
        }

        impl $rules {
            /// Every field, in order, under its name in the code.
            const DECLARED: &'static [Field] = &[
                $(Field { name: stringify!($field), meaning: concat!($($meaning),+) },)+
            ];

            /// The words of all fields, in the order of [`Rules::FIELDS`].
            pub fn words(&self) -> Vec<&'static str> {
                vec![$(self.$field.word(),)+]
            }

            /// The words of the choices that a declared field has.
            fn choices(field: &str) -> Vec<&'static str> {
                $(if field == stringify!($field) {
                    return <$policy>::CHOICES.iter().map(|(_, word)| *word).collect();
                })+
                unreachable!("`{field}` is not declared")
            }

            /// Sets a field.
            pub fn set(&mut self, to: &Override) {
                $(if to.field == stringify!($field) {
                    let mut choices = <$policy>::CHOICES.iter();
                    let choice = choices.find(|(_, word)| *word == to.word);
                    self.$field = choice.expect("an override is one of the choices").0;
                })+
            }
        }
    };
}
