//! What users say when they operate a cluster: its name, and what was saved of a job.

use super::spelling::Story;
use crate::scenario::Mistake;
use crate::scenario::language::Source;
use toml::Spanned;

/// What divides a job from the checkpoint that was saved of it.
const OF: char = '@';
/// The newest of them.
const NEWEST: &str = "newest";
/// The newest periodic one that is there.
const RETAINED: &str = "retained";

/// The name of a cluster: one word.
pub(super) fn cluster_name(
    source: Source<'_>,
    name: Option<Spanned<String>>,
) -> Result<Option<String>, Mistake> {
    let Some(name) = name else { return Ok(None) };
    if name.get_ref().is_empty() || name.get_ref().contains(char::is_whitespace) {
        let message = format!("`{}` is not the name of a cluster", name.get_ref());
        return Err(source.error_with(
            &name.span(),
            message,
            "name it in one word, such as `prod`",
        ));
    }
    Ok(Some(name.into_inner()))
}

impl Story<'_> {
    /// Whether a pointer means a snapshot of a job: `copy@3`, `copy@newest` or `copy@retained`.
    pub(super) fn is_saved(&self, pointer: &Spanned<String>) -> Result<bool, Mistake> {
        let Some((job, which)) = pointer.get_ref().split_once(OF) else { return Ok(false) };
        self.source.job(self.jobs, &pointer.span(), job)?;
        if which == NEWEST || which == RETAINED || which.parse::<u64>().is_ok() {
            return Ok(true);
        }
        let message = format!("`{which}` is no checkpoint that was saved of `{job}`");
        let help = format!(
            "say `{job}@{NEWEST}`, `{job}@{RETAINED}`, or the number of one, such as `{job}@3`"
        );
        Err(self.source.error_with(&pointer.span(), message, help))
    }
}
