//! The language of scenarios as it is told: the reference page, the schema for editors, the lists, first stories.
//!
//! `docs/scenario.md` is written by `SANDBAR_RENEW=1 cargo test --test language`.

use sandbar::{Catalogue, Scenario};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sandbar(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sandbar"));
    command.current_dir(folder).args(arguments).output().expect("it runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}

#[test]
fn the_reference_page_is_the_language() {
    let (file, page) =
        (root().join("docs/scenario.md"), Scenario::reference(&Catalogue::built_in()));
    if std::env::var_os("SANDBAR_RENEW").is_some() {
        fs::write(&file, &page).expect("written");
    }
    let found = fs::read_to_string(&file).expect("docs/scenario.md is there");
    assert!(found == page, "run SANDBAR_RENEW=1 cargo test --test language");
    for what in Scenario::lists() {
        for (name, _) in Scenario::list(what, &Catalogue::built_in()).expect("a list") {
            let name = name.split(" of ").next().unwrap_or(&name);
            assert!(page.contains(&format!("`{name}`")), "{what}: `{name}` is not on the page");
        }
    }
}

/// The files of a folder and those in it.
fn stories(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            stories(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "toml") {
            found.push(path);
        }
    }
}

fn as_json(file: &Path) -> Option<serde_json::Value> {
    let text = fs::read_to_string(file).expect("a file");
    let value: toml::Value = toml::from_str(&text).ok()?;
    Some(serde_json::to_value(value).expect("it is JSON, too"))
}

#[test]
fn the_schema_accepts_every_story_and_refuses_mistakes_of_shape() {
    let schema = Scenario::schema(&Catalogue::built_in());
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let mut files = Vec::new();
    stories(&root().join("sim"), &mut files);
    assert!(files.len() > 200, "only {} stories", files.len());
    for file in files {
        let story = as_json(&file).expect("TOML");
        let errors: Vec<String> =
            validator.iter_errors(&story).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{}: {errors:?}", file.display());
    }
    let (mut files, mut refused) = (Vec::new(), 0);
    stories(&root().join("tests/errors"), &mut files);
    for file in files {
        let Some(story) = as_json(&file) else { continue };
        let told = fs::read_to_string(file.with_extension("snap")).expect("its message");
        let of_shape =
            ["unknown key", "unknown word", " lacks `", ", and must be ", "is not within"];
        // Words inside texts, and texts that something reads, are no matter of shape to a schema.
        let in_text = told.contains("expired")
            || told.contains("`flink`")
            || told.contains("`expect-in`")
            || told.contains("`upgrade`");
        if of_shape.iter().any(|shape| told.contains(shape)) && !in_text {
            assert!(!validator.is_valid(&story), "{} is accepted: {told}", file.display());
            refused += 1;
        }
    }
    assert!(refused >= 25, "only {refused} mistakes of shape");
}

#[test]
fn every_list_is_printed_with_a_meaning() {
    for what in Scenario::lists() {
        let done = sandbar(root(), &["list", what]);
        assert!(done.status.success(), "{what}: {}", text(&done.stderr));
        // What does not fit a line goes on in the next, below the meanings.
        let told = text(&done.stdout);
        let lines = told.lines().filter(|line| !line.starts_with(' ')).count();
        let found = Scenario::list(what, &Catalogue::built_in()).expect("a list");
        assert_eq!(lines, found.len(), "{what}");
        let names: BTreeSet<_> = found.iter().map(|(name, _)| name).collect();
        assert_eq!(names.len(), found.len(), "{what} has a name twice");
        assert!(
            found.iter().all(|(_, about)| what == "releases" || !about.is_empty()),
            "{what}: {found:?}"
        );
    }
    let wrong = sandbar(root(), &["list", "everything"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(text(&wrong.stderr).contains("milestones"), "{}", text(&wrong.stderr));
}

#[test]
fn a_first_story_is_written_once_is_read_and_holds() {
    let folder = tempfile::tempdir().expect("a folder");
    for kind in ["word-count", "window", "rescale", "two-phase", "zombie"] {
        let file = format!("{}.toml", kind.replace('-', "_"));
        let made = sandbar(folder.path(), &["new", kind]);
        assert!(made.status.success(), "{}", text(&made.stderr));
        let checked = sandbar(folder.path(), &["check", &file]);
        assert_eq!(text(&checked.stdout), "1 file read, nothing wrong\n");
        let played = sandbar(folder.path(), &["run", &file]);
        assert_eq!(played.status.code(), Some(0), "{kind}: {}", text(&played.stdout));
        let again = sandbar(folder.path(), &["new", kind]);
        assert_eq!(again.status.code(), Some(2));
        assert!(text(&again.stderr).contains("is there already"), "{}", text(&again.stderr));
        let deeper = sandbar(folder.path(), &["new", kind, &format!("out/deeper/{file}")]);
        assert!(deeper.status.success(), "{}", text(&deeper.stderr));
        let printed = sandbar(folder.path(), &["new", kind, "-"]);
        assert_eq!(
            text(&printed.stdout),
            fs::read_to_string(folder.path().join(&file)).expect("it")
        );
    }
}

#[test]
fn check_tells_all_mistakes_of_all_files_and_plays_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let wrong = "sed = 1\n[job.j]\noperaters = []\n";
    fs::write(folder.path().join("a.toml"), wrong).expect("written");
    fs::write(folder.path().join("b.toml"), "seed = -1\n").expect("written");
    let done = sandbar(folder.path(), &["check", "a.toml", "b.toml", "missing.toml"]);
    assert_eq!(done.status.code(), Some(2));
    let told = text(&done.stderr);
    for part in
        ["did you mean `seed`?", "did you mean `operators`?", "-1 is not within", "missing.toml"]
    {
        assert!(told.contains(part), "{part} is not in {told}");
    }
    assert_eq!(text(&done.stdout), "3 files read, 3 wrong\n");
}

#[test]
fn upgrade_rewrites_a_file_and_keeps_what_it_does_not_know_better() {
    let folder = tempfile::tempdir().expect("a folder");
    let older = "# mine\n[input.rows]\ngenerate = { records = 10, keys = 2 }\n[job.j]\noperators = [\n  \
        { name = \"in\", source = \"rows\" },\n  { name = \"out\", sink = \"plain\", partition = \"rebalance\" }, # why\n]\n";
    let file = folder.path().join("older.toml");
    fs::write(&file, older).expect("written");
    let told = |arguments: &[&str]| text(&sandbar(folder.path(), arguments).stdout);
    assert!(
        told(&["check", "older.toml"])
            .contains("older.toml:7: `partition` is `partitioner` now; `sandbar upgrade")
    );
    assert_eq!(fs::read_to_string(&file).expect("it"), older, "check changes nothing");
    assert_eq!(
        told(&["upgrade", "older.toml"]),
        "older.toml:7: `partition` is `partitioner` now\n"
    );
    let newer = fs::read_to_string(&file).expect("it");
    assert_eq!(newer, older.replace("partition = ", "partitioner = "));
    assert_eq!(told(&["upgrade", "older.toml"]), "older.toml: up to date\n");
    fs::write(&file, "sed = 1\n").expect("written");
    let refused = sandbar(folder.path(), &["upgrade", "older.toml"]);
    assert_eq!(refused.status.code(), Some(2));
    assert_eq!(fs::read_to_string(&file).expect("it"), "sed = 1\n");
}

#[test]
fn a_release_that_nobody_looked_into_says_by_whose_rules_it_is_played() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(
        folder.path().join("between.toml"),
        "flink = \"1.14\"\n[input.rows]\ngenerate = { records = 10, keys = 2 }\n[job.j]\noperators = [\n  \
         { name = \"in\", source = \"rows\" },\n  { name = \"out\", sink = \"plain\" },\n]\n",
    )
    .expect("written");
    let played = sandbar(folder.path(), &["run", "between.toml"]);
    assert_eq!(played.status.code(), Some(0), "{}", text(&played.stderr));
    let line = "Flink 1.14 is played by the rules of 1.13";
    assert!(text(&played.stdout).contains(line), "{}", text(&played.stdout));
    assert!(text(&sandbar(folder.path(), &["rules", "1.14"]).stdout).starts_with(line));
    assert!(!text(&sandbar(folder.path(), &["rules", "1.13"]).stdout).contains("is played by"));
}

#[test]
fn completions_know_the_words_that_options_take() {
    let words = |what: &str| -> Vec<String> {
        let list = Scenario::list(what, &Catalogue::built_in()).expect("a list");
        list.into_iter().map(|(name, _)| name).collect()
    };
    let some = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let lists: Vec<String> = Scenario::lists().map(str::to_owned).collect();
    let kinds = some(&["word-count", "window", "rescale", "two-phase", "zombie"]);
    for shell in ["bash", "zsh", "fish"] {
        let done = sandbar(root(), &["completions", shell]);
        let script = text(&done.stdout);
        for (option, words) in [
            ("--mutation", words("mutations")),
            ("--flink", words("releases")),
            ("--claim", some(&["no-claim", "claim", "legacy"])),
            ("--type", some(&["text", "int", "double"])),
            ("new", kinds.clone()),
            ("list", lists.clone()),
        ] {
            let is_part = |letter: char| letter.is_alphanumeric() || "-_.".contains(letter);
            let missing =
                words.iter().find(|word| !script.split(|c| !is_part(c)).any(|w| w == *word));
            assert_eq!(missing, None, "{shell}: {option}");
        }
    }
}

#[test]
fn a_first_line_names_the_schema_for_editors_where_there_is_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let told = |arguments: &[&str]| text(&sandbar(folder.path(), arguments).stdout);
    let story = |name: &str| fs::read_to_string(folder.path().join(name)).expect("a story");
    told(&["new", "rescale"]);
    assert!(!story("rescale.toml").contains("#:schema"), "there is none yet");
    let name = "sandbar.schema.json";
    assert!(told(&["schema", "--help"]).contains(&format!("#:schema ./{name}")));
    fs::write(folder.path().join(name), told(&["schema"])).expect("written");
    told(&["new", "window"]);
    assert!(story("window.toml").starts_with(&format!("#:schema ./{name}\n# ")));
    assert_eq!(told(&["check", "window.toml"]), "1 file read, nothing wrong\n");
}

#[test]
fn check_looks_at_the_inputs_that_a_file_names() {
    let folder = tempfile::tempdir().expect("a folder");
    let write =
        |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("written");
    let job = "[job.j]\noperators = [{ name = \"in\", source = \"a\" }, { name = \"out\", sink = \"plain\" }]\n";
    write("rows.csv", "x,1\ny,two\n");
    write("short.csv", "name,count\nx\n");
    let inputs = "[input.a]\ntext = \"nowhere.txt\"\n\
        [input.b]\ncsv = \"rows.csv\"\ncolumns = [\"text\", \"int\"]\n\
        [input.c]\ncsv = \"short.csv\"\ncolumns = [\"text\", \"int\"]\n";
    write("a.toml", &format!("{inputs}{job}"));
    write(
        "b.toml",
        &format!("[input.a]\ncsv = \"rows.csv\"\ncolumns = [\"text\", \"text\"]\n{job}"),
    );
    write("c.toml", "seed = -1\n");
    let done = sandbar(folder.path(), &["check", "a.toml", "b.toml", "c.toml"]);
    assert_eq!(done.status.code(), Some(2));
    let told = text(&done.stderr);
    for part in [
        "a.toml: input `a`: cannot read `nowhere.txt`",
        "a.toml: input `b`: `rows.csv`, line 2: column 1: `two` is not a whole number",
        "a.toml: input `c`: `short.csv`, line 2: 1 fields, where 2 columns are told",
        "-1 is not within",
    ] {
        assert!(told.contains(part), "{part} is not in {told}");
    }
    assert_eq!(text(&done.stdout), "3 files read, 2 wrong\n");
}
