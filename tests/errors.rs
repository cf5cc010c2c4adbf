//! What the reader says about wrong scenario files: each `tests/errors/*.toml` has one mistake, and beside it stands the
//! message.

use sandbar::{Catalogue, Scenario};
use std::path::Path;
use std::{fs, io};

/// The scenario files of a folder, by name without extension.
fn files(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        names.extend(name.strip_suffix(".toml").map(str::to_owned));
    }
    names.sort();
    Ok(names)
}

#[test]
fn each_mistake_has_its_message() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/errors");
    let names = files(&folder).expect("the folder of mistakes is there");
    assert!(names.len() > 50, "only {} mistakes found", names.len());
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(&folder);
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        for name in names {
            let text = fs::read_to_string(folder.join(format!("{name}.toml"))).expect("listed");
            let file = format!("tests/errors/{name}.toml");
            match Scenario::parse(&text, &file, &Catalogue::built_in()) {
                Ok(_) => panic!("{file} has no mistake"),
                Err(error) => insta::assert_snapshot!(name, error.to_string()),
            }
        }
    });
}
