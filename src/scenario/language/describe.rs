//! How the types that read a file describe themselves, and the macros by which they are declared.

use super::{Form, Spelled};
use toml::Spanned;

/// What reads a part of a file, and can say what may stand there.
pub(in crate::scenario) trait Described {
    /// Whether a table is refused that leaves it out.
    const IS_NEEDED: bool = true;
    /// What may stand there.
    fn form() -> Form;
}

impl<T: Described> Described for Option<T> {
    const IS_NEEDED: bool = false;
    fn form() -> Form {
        T::form()
    }
}

impl<T: Described> Described for Spanned<T> {
    const IS_NEEDED: bool = T::IS_NEEDED;
    fn form() -> Form {
        T::form()
    }
}

impl<T: Described> Described for Vec<T> {
    fn form() -> Form {
        Form::List(Box::new(T::form()))
    }
}

/// A text that may be anything.
pub(in crate::scenario) const fn free(what: &'static str, example: &'static str) -> Form {
    Form::Text(Spelled { what, example, check: |_| Ok(()) })
}

/// The key of a field: the name that it is read under.
macro_rules! key_of_field {
    ($field:ident #[serde(rename = $key:literal)] $($rest:tt)*) => {
        $key.to_owned()
    };
    ($field:ident #[$($other:tt)*] $($rest:tt)*) => {
        $crate::scenario::language::key_of_field!($field $($rest)*)
    };
    ($field:ident) => {
        stringify!($field).replace('_', "-")
    };
}

/// The description of a key: its name, the type that reads it, the attributes of its field.
macro_rules! described_key {
    ($name:expr, $Type:ty, $is_needed:expr, $($note:tt)*) => {
        $crate::scenario::language::Key {
            name: $name,
            form: <$Type as $crate::scenario::language::Described>::form(),
            is_needed: $is_needed,
            note: $crate::scenario::language::Note::read($crate::documented::doc_of!($($note)*)),
        }
    };
}

/// Declares a struct that reads a table and describes it, by how messages call it. The keys of one that is `defaulted` may
/// all be left out.
macro_rules! text_table {
    ($title:literal, defaulted: $($rest:tt)*) => {
        $crate::scenario::language::text_table!(@ $title, false, $($rest)*);
    };
    ($title:literal: $($rest:tt)*) => {
        $crate::scenario::language::text_table!(@ $title, true, $($rest)*);
    };
    (@ $title:literal, $needs:literal, $(#[$($about:tt)*])* $vis:vis struct $Name:ident {
        $($(#[$($note:tt)*])* $see:vis $field:ident: $Type:ty),+ $(,)?
    }) => {
        $(#[$($about)*])*
        $vis struct $Name {
            $($(#[$($note)*])* $see $field: $Type,)+
        }

        impl $crate::scenario::language::Described for $Name {
            fn form() -> $crate::scenario::language::Form {
                use $crate::scenario::language::{Described, described_key, key_of_field};
                $crate::scenario::language::Form::Table($crate::scenario::language::Table {
                    title: $title,
                    note: $crate::scenario::language::Note::read($crate::documented::doc_of!($(#[$($about)*])*)),
                    keys: vec![$(described_key!(
                        key_of_field!($field $(#[$($note)*])*), $Type,
                        $needs && <$Type as Described>::IS_NEEDED,
                        $(#[$($note)*])*
                    ),)+],
                    has_kinds: false,
                })
            }
        }
    };
}

/// Declares an enum that reads a table with exactly one key, and describes it, by how messages call it.
macro_rules! one_key {
    ($title:literal: $(#[$($about:tt)*])* $vis:vis enum $Name:ident {
        $($(#[$($note:tt)*])* $Variant:ident($Type:ty)),+ $(,)?
    }) => {
        $(#[$($about)*])*
        $vis enum $Name {
            $($(#[$($note)*])* $Variant($Type),)+
        }

        impl $crate::scenario::language::Described for $Name {
            fn form() -> $crate::scenario::language::Form {
                use $crate::scenario::language::{described_key, kebab};
                $crate::scenario::language::Form::OneKey($crate::scenario::language::Table {
                    title: $title,
                    note: $crate::scenario::language::Note::read($crate::documented::doc_of!($(#[$($about)*])*)),
                    keys: vec![$(described_key!(
                        kebab(stringify!($Variant)), $Type, false, $(#[$($note)*])*
                    ),)+],
                    has_kinds: false,
                })
            }
        }
    };
}

pub(in crate::scenario) use {described_key, key_of_field, one_key, text_table};

/// `KillTaskManager` as `kill-task-manager`.
pub(in crate::scenario) fn kebab(variant: &str) -> String {
    let mut key = String::new();
    for letter in variant.chars() {
        if letter.is_ascii_uppercase() && !key.is_empty() {
            key.push('-');
        }
        key.push(letter.to_ascii_lowercase());
    }
    key
}
