//! Counters of worlds: declared once, so that none is forgotten when they are added up or told.

/// Declares a struct of counters: each with the words in which it is told, or none of them, and then perhaps with parts that
/// are counters of their own.
macro_rules! counters {
    ($(#[$doc:meta])* $kind:ident {
        $($(#[$note:meta])* $field:ident = $told:literal,)+
    }) => {
        counters! { $(#[$doc])* $kind { $($(#[$note])* $field,)+ } parts {} }

        impl $kind {
            /// What each count is called.
            pub const fn rows(&self) -> [(&'static str, u64); [$($told),+].len()] {
                [$(($told, self.$field)),+]
            }
        }
    };
    ($(#[$doc:meta])* $kind:ident {
        $($(#[$note:meta])* $field:ident,)+
    } parts {
        $($(#[$part_note:meta])* $part:ident: $part_kind:ident,)*
    }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
        #[non_exhaustive]
        pub struct $kind {
            $($(#[$note])* pub $field: u64,)+
            $($(#[$part_note])* pub $part: $part_kind,)*
        }

        impl $kind {
            /// Adds the counts of other worlds.
            pub const fn add(&mut self, other: &Self) {
                $(self.$field += other.$field;)+
                $(self.$part.add(&other.$part);)*
            }
        }
    };
}

pub(super) use counters;
