//! Steps in which the owner of a snapshot does something with its files, and what is there of it in the end.

use super::shape::{CopyText, DeleteText, DisposeText, MoveText, SnapshotText};
use super::source::Source;
use super::step::Story;
use super::word::Ordered;
use crate::scenario::{Action, FileAction, FileWork, ScenarioError, Step};
use std::collections::BTreeMap;
use toml::Spanned;

/// The file in a folder that a user may point to instead of the folder.
const METADATA_FILE: &str = "/_metadata";

impl Story<'_> {
    pub(super) fn moving(
        &self,
        labels: &[String],
        text: &MoveText,
    ) -> Result<Action, ScenarioError> {
        let (to, job_manager_only) = (self.path(&text.to)?, text.job_manager_only);
        self.files(labels, &text.savepoint, FileWork::Move { to, job_manager_only })
    }

    pub(super) fn copying(
        &self,
        labels: &[String],
        text: &CopyText,
    ) -> Result<Action, ScenarioError> {
        let (to, label) = (self.path(&text.to)?, text.label.get_ref().clone());
        let job_manager_only = text.job_manager_only;
        self.files(labels, &text.savepoint, FileWork::Copy { to, label, job_manager_only })
    }

    pub(super) fn deleting(
        &self,
        labels: &[String],
        text: &DeleteText,
    ) -> Result<Action, ScenarioError> {
        self.files(labels, &text.savepoint, FileWork::Delete(text.what))
    }

    pub(super) fn disposing(
        &self,
        labels: &[String],
        text: &DisposeText,
    ) -> Result<Action, ScenarioError> {
        self.files(labels, &text.savepoint, FileWork::Dispose { with_jar: text.with_jar })
    }

    pub(super) fn rewriting(
        &self,
        labels: &[String],
        text: &SnapshotText,
    ) -> Result<Action, ScenarioError> {
        self.files(labels, &text.savepoint, FileWork::RewritePaths)
    }

    fn files(
        &self,
        labels: &[String],
        label: &Spanned<String>,
        work: FileWork,
    ) -> Result<Action, ScenarioError> {
        Ok(Action::Files(FileAction { label: self.label(labels, label)?, work }))
    }

    /// A path that something is brought to.
    pub(super) fn path(&self, path: &Spanned<String>) -> Result<String, ScenarioError> {
        let text = path.get_ref();
        if text.is_empty() || text.ends_with('/') {
            let message = format!("`{text}` is not the path of a savepoint");
            let help = "name the folder or file itself, as in `to = \"archive/first\"`";
            return Err(self.source.error_with(&path.span(), message, help));
        }
        Ok(text.clone())
    }

    /// What a job starts from: the label of a snapshot, or of its metadata file.
    pub(super) fn pointer(
        &self,
        labels: &[String],
        text: &Spanned<String>,
    ) -> Result<String, ScenarioError> {
        let label = text.get_ref().strip_suffix(METADATA_FILE).unwrap_or(text.get_ref());
        self.label(labels, &Spanned::new(text.span(), label.to_owned()))?;
        Ok(text.get_ref().clone())
    }
}

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
