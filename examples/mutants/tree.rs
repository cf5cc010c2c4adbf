//! The copy of the source in which every mutant is an `if`, and its one build.

use crate::mutant::Mutant;
use crate::tell;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The environment variable that chooses a mutant by its number.
pub(crate) const CHOICE: &str = "SANDBAR_MUTANT";

/// What asks for it in the copy. A number, because some mutants are asked for with every record.
const SWITCH: &str = "//! Which mutant is switched on.

use std::sync::OnceLock;

static CHOSEN: OnceLock<u32> = OnceLock::new();

#[inline]
pub(crate) fn is(number: u32) -> bool {
    let chosen = || std::env::var(\"SANDBAR_MUTANT\").ok().and_then(|chosen| chosen.parse().ok());
    *CHOSEN.get_or_init(|| chosen().unwrap_or(u32::MAX)) == number
}
";

/// A branch that is never taken leaves this or that without a use.
const QUIET: &str = concat!("#![", "allow(unused, dropping_copy_types)]\n");

/// Makes the copy and builds it; the path of the program.
pub(crate) fn build(root: &Path, mutants: &[Mutant]) -> Result<PathBuf, String> {
    let folder = root.join("target/mutants");
    let tree = folder.join("tree");
    for part in ["src", "benches", "examples", "tests"] {
        copy(&root.join(part), &tree.join(part), &|path| part == "src" || is_named(path))?;
    }
    // The zoo of bugs is part of the program.
    copy(&root.join("sim/bugs"), &tree.join("sim/bugs"), &|_| true)?;
    for file in ["Cargo.toml", "Cargo.lock"] {
        put(&tree.join(file), &read(&root.join(file))?)?;
    }
    for (file, text) in mutated(root, mutants)? {
        put(&tree.join(file), &text)?;
    }
    let library = read(&root.join("src/lib.rs"))?;
    let library = format!("{QUIET}{library}\nmod mutant;\n");
    put(&tree.join("src/lib.rs"), &library)?;
    put(&tree.join("src/mutant.rs"), SWITCH)?;
    tell("building the copy with all mutants");
    let target = folder.join("build");
    let profile = ["codegen-units=16", "lto=\"off\"", "opt-level=2", "debug=false"];
    let profile =
        profile.iter().flat_map(|set| ["--config".to_owned(), format!("profile.release.{set}")]);
    let built = Command::new(env!("CARGO"))
        .args(["build", "--release", "--offline", "--bin", "sandbar"])
        .args(profile)
        .env("CARGO_TARGET_DIR", &target)
        .current_dir(&tree)
        .status();
    match built {
        Ok(status) if status.success() => Ok(target.join("release/sandbar")),
        Ok(_) => Err("the copy does not build: some mutant is no expression that fits".to_owned()),
        Err(error) => Err(format!("cargo cannot be run: {error}")),
    }
}

/// Of benches, examples and tests only what the manifest names must be there.
fn is_named(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "rs")
}

fn copy(from: &Path, to: &Path, is_wanted: &dyn Fn(&Path) -> bool) -> Result<(), String> {
    let entries = fs::read_dir(from).map_err(|error| format!("{}: {error}", from.display()))?;
    for entry in entries.filter_map(Result::ok) {
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy(&path, &target, is_wanted)?;
        } else if is_wanted(&path) {
            put(&target, &read(&path)?)?;
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// Writes a file, unless it is there: what is not touched is not built again.
fn put(path: &Path, text: &str) -> Result<(), String> {
    if fs::read_to_string(path).is_ok_and(|found| found == text) {
        return Ok(());
    }
    let made = path.parent().map_or(Ok(()), fs::create_dir_all);
    made.and_then(|()| fs::write(path, text))
        .map_err(|error| format!("{}: {error}", path.display()))
}

/// The files that have mutants, with all of them in.
fn mutated(root: &Path, mutants: &[Mutant]) -> Result<BTreeMap<String, String>, String> {
    let mut files: BTreeMap<&str, Vec<(usize, &Mutant)>> = BTreeMap::new();
    for (number, mutant) in mutants.iter().enumerate() {
        files.entry(&mutant.file).or_default().push((number, mutant));
    }
    let mut done = BTreeMap::new();
    for (file, mutants) in files {
        let text = read(&root.join(file))?;
        let mut places = Vec::new();
        for (number, mutant) in mutants {
            places.push((mutant.place_in(&text)?, mutant.switched(number), &mutant.name));
        }
        places.sort_by_key(|(place, ..)| place.start);
        let overlap = places.windows(2).find(|pair| pair[0].0.end > pair[1].0.start);
        if let Some([(.., one), (.., other)]) = overlap {
            return Err(format!("{one} and {other} are mutants of one place"));
        }
        let mut changed = text;
        for (place, switched, _) in places.into_iter().rev() {
            changed.replace_range(place.clone(), &switched);
            no_longer_const(&mut changed, place.start);
        }
        done.insert(file.to_owned(), changed);
    }
    Ok(done)
}

/// The function around a place may ask for the environment only if it is not `const`.
fn no_longer_const(text: &mut String, place: usize) {
    let function = text[..place].rfind("fn ").unwrap_or_default();
    if text[..function].ends_with("const ") {
        text.replace_range(function - "const ".len()..function, "");
    }
}
