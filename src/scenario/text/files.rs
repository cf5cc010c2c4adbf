//! What must be there of the files of snapshots in the end.

use super::source::Source;
use super::word::Ordered;
use crate::scenario::{ScenarioError, Step};
use std::collections::BTreeMap;
use toml::Spanned;

/// What must be there of snapshots in the end. Their labels are those that steps give them.
pub(super) fn files(
    source: Source<'_>,
    steps: &[Step],
    texts: Ordered<Vec<Spanned<String>>>,
) -> Result<BTreeMap<String, Vec<String>>, ScenarioError> {
    let mut files = BTreeMap::new();
    for (label, pieces) in texts.0 {
        if !steps.iter().any(|step| step.action.label() == Some(label.get_ref())) {
            let message = format!("no step takes a savepoint known as `{}`", label.get_ref());
            let known = steps.iter().filter_map(|step| step.action.label());
            return Err(source.unknown(&label.span(), message, label.get_ref(), known));
        }
        for piece in &pieces {
            if !["metadata", "data"].contains(&piece.get_ref().as_str()) {
                let message = format!("a savepoint has no `{}`", piece.get_ref());
                let known = ["metadata", "data"].into_iter();
                return Err(source.unknown(&piece.span(), message, piece.get_ref(), known));
            }
        }
        let pieces = pieces.into_iter().map(Spanned::into_inner).collect();
        files.insert(label.into_inner(), pieces);
    }
    Ok(files)
}
