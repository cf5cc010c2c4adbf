//! A mutant, and the files that name them.

use serde::Deserialize;
use std::fs;
use std::ops::Range;
use std::path::Path;

/// One expression of the source that says something else.
#[derive(Clone, Debug)]
pub(crate) struct Mutant {
    pub(crate) name: String,
    /// The room whose file in `mutants/` it stands in.
    pub(crate) room: String,
    /// The file of the source, from the root of the project.
    pub(crate) file: String,
    /// Text that stands once in the file, behind whose beginning `was` is looked for.
    within: Option<String>,
    /// The expression, or the statement if it ends with a semicolon.
    pub(crate) was: String,
    /// What stands in its place.
    pub(crate) is: String,
    /// What it breaks.
    pub(crate) what: String,
    /// Why nobody notices it, or only stories do.
    pub(crate) because: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    mutant: Vec<Told>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Told {
    name: String,
    file: String,
    within: Option<String>,
    was: String,
    is: String,
    what: String,
    because: Option<String>,
}

/// The mutants of all rooms, in order of their files.
pub(crate) fn read_all(folder: &Path) -> Result<Vec<Mutant>, String> {
    let at = |path: &Path, error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let entries = fs::read_dir(folder).map_err(|error| at(folder, &error))?;
    let mut files: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.sort();
    let mut all = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).map_err(|error| at(&file, &error))?;
        let listed: Listed = toml::from_str(&text).map_err(|error| at(&file, &error))?;
        let room = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        all.extend(listed.mutant.into_iter().map(|told| {
            let Told { name, file, within, was, is, what, because } = told;
            Mutant { name, room: room.clone(), file, within, was, is, what, because }
        }));
    }
    Ok(all)
}

impl Mutant {
    /// Where its expression stands in the text of its file.
    pub(crate) fn place_in(&self, text: &str) -> Result<Range<usize>, String> {
        let once = |what: &str| match text.match_indices(what).collect::<Vec<_>>()[..] {
            [(place, _)] => Ok(place),
            [] => Err(format!("{}: {} has no `{what}`", self.name, self.file)),
            [..] => Err(format!("{}: {} has `{what}` more than once", self.name, self.file)),
        };
        let start = match &self.within {
            None => once(&self.was)?,
            Some(within) => {
                let from = once(within)?;
                let found = text[from..].find(&self.was);
                from + found
                    .ok_or(format!("{}: `{}` is not behind `{within}`", self.name, self.was))?
            }
        };
        Ok(start..start + self.was.len())
    }

    /// The source that is both, by the number of the mutant.
    pub(crate) fn switched(&self, number: usize) -> String {
        let (was, is) = (&self.was, &self.is);
        match was.ends_with(';') {
            true => format!("if crate::mutant::is({number}) {{ {is} }} else {{ {was} }}"),
            false => format!("(if crate::mutant::is({number}) {{ {is} }} else {{ {was} }})"),
        }
    }
}
