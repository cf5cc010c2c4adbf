//! What words mean, taken from where they are declared: the doc comments of an enum's variants or of a struct's fields.

/// An enum whose variants people can name, each with what it means.
pub trait Documented {
    /// What each variant means, in the order in which they are declared.
    const ABOUT: &'static [&'static str];
}

/// The text of doc comments, a line each. Other attributes are passed over.
macro_rules! doc_of {
    (#[doc = $line:literal] $($rest:tt)*) => {
        concat!($line, "\n", $crate::documented::doc_of!($($rest)*))
    };
    (#[$($other:tt)*] $($rest:tt)*) => {
        $crate::documented::doc_of!($($rest)*)
    };
    () => {
        ""
    };
}

/// Declares an enum and keeps what the comments on its variants say.
macro_rules! documented {
    ($(#[$($about:tt)*])* $vis:vis enum $Name:ident {
        $($(#[$($note:tt)*])* $Variant:ident),+ $(,)?
    }) => {
        $(#[$($about)*])*
        $vis enum $Name {
            $($(#[$($note)*])* $Variant,)+
        }

        impl $crate::documented::Documented for $Name {
            const ABOUT: &'static [&'static str] =
                &[$($crate::documented::doc_of!($(#[$($note)*])*),)+];
        }
    };
}

pub(crate) use {doc_of, documented};
