//! How the choices of an enum are told.

/// Tells each choice in its own words.
macro_rules! shown {
    ($kind:ident: $($choice:ident = $words:literal,)+) => {
        impl std::fmt::Display for $kind {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(match self {
                    $(Self::$choice => $words,)+
                })
            }
        }
    };
}

pub(crate) use shown;
