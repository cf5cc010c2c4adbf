use super::super::codec::encode_inline_below;
use super::super::codec::tests::sample;
use super::super::{DataDir, list, read_savepoint};
use super::*;
use crate::rules::SavepointLayout;
use crate::store::Why;
use std::fs;
use tempfile::TempDir;

/// A data folder with one savepoint, whose larger states are files.
fn with_savepoint() -> (TempDir, DataDir, PathBuf) {
    let outside = TempDir::new().unwrap();
    let data = DataDir::open_or_create(outside.path().join("data")).unwrap();
    let path = data
        .write_savepoint(&encode_inline_below(&sample(3), 0), SavepointLayout::RelativeFolder)
        .unwrap();
    (outside, data, path)
}

/// What `verify` and a reader say of a folder: the same, naming a file.
fn refusal(path: &Path) -> String {
    let told = verify(path).unwrap_err().to_string();
    assert_eq!(read_savepoint(path).unwrap_err().to_string(), told);
    assert!(told.contains(path.to_str().unwrap()), "{told}");
    told
}

#[test]
fn a_whole_savepoint_is_told_file_by_file() {
    let (_outside, _data, path) = with_savepoint();
    fs::write(path.join("notes.txt"), "mine").unwrap();
    let verified = verify(&path).unwrap();
    assert_eq!(verified.files[0].name, METADATA);
    assert_eq!(verified.files.len(), 4);
    assert!(verified.files.iter().all(|file| file.blocks >= 2 && file.bytes > 16));
    assert_eq!(verified.foreign, ["notes.txt"]);
    assert_eq!(verified.files.iter().map(|f| f.bytes).sum::<u64>(), verified.summary.bytes);
}

#[test]
fn no_byte_of_any_file_can_be_changed_unnoticed() {
    let (_outside, _data, path) = with_savepoint();
    for name in entries(&RealDisk, &path).unwrap() {
        let name = name.to_str().unwrap();
        let file = path.join(name);
        let sound = fs::read(&file).unwrap();
        for place in 0..sound.len() {
            let mut damaged = sound.clone();
            damaged[place] ^= 1 << (place % 8);
            fs::write(&file, &damaged).unwrap();
            let told = refusal(&path);
            assert!(told.contains(name) && told.contains("byte "), "{name}[{place}]: {told}");
            fs::write(&file, &sound[..place]).unwrap();
            let told = refusal(&path);
            assert!(told.contains(name) && told.contains("byte "), "{name}[..{place}]: {told}");
        }
        fs::write(&file, [&sound[..], &[0]].concat()).unwrap();
        let told = refusal(&path);
        assert!(told.contains(name) && told.contains("byte "), "{told}");
        fs::remove_file(&file).unwrap();
        assert!(refusal(&path).contains("cannot find"), "{}", refusal(&path));
        fs::write(&file, &sound).unwrap();
    }
    verify(&path).unwrap();
}

#[test]
fn a_file_of_a_newer_program_is_refused_as_such() {
    let (_outside, _data, path) = with_savepoint();
    for name in entries(&RealDisk, &path).unwrap() {
        let file = path.join(&name);
        let sound = fs::read(&file).unwrap();
        let mut future = sound.clone();
        future[8..12].copy_from_slice(&99_u32.to_le_bytes());
        let checksum = crc32fast::hash(&future[..12]);
        future[12..16].copy_from_slice(&checksum.to_le_bytes());
        fs::write(&file, &future).unwrap();
        let told = refusal(&path);
        assert!(told.contains("at byte 8") && told.contains("99"), "{told}");
        fs::write(&file, &sound).unwrap();
    }
}

#[test]
fn a_savepoint_is_moved_to_a_new_name_or_into_a_folder() {
    let (outside, _data, path) = with_savepoint();
    let renamed = outside.path().join("kept");
    assert_eq!(move_to(&path, &renamed).unwrap().path, renamed);
    assert_eq!(read_savepoint(&renamed).unwrap(), sample(3));
    let shelf = outside.path().join("shelf");
    fs::create_dir(&shelf).unwrap();
    let target = move_to(renamed.join(METADATA), &shelf).unwrap().path;
    assert_eq!(target, shelf.join("kept"));
    assert_eq!(read_savepoint(&target).unwrap(), sample(3));
    assert!(!renamed.exists());
}

#[test]
fn nothing_is_moved_over_something_else_nor_if_it_is_damaged() {
    let (outside, data, path) = with_savepoint();
    let other = data
        .write_savepoint(&encode_inline_below(&sample(9), 0), SavepointLayout::RelativeFolder)
        .unwrap();
    assert!(matches!(move_to(&path, &other), Err(StoreError::Occupied { .. })));
    fs::write(other.join(METADATA), "no").unwrap();
    assert!(move_to(&other, outside.path().join("new")).is_err());
    assert!(!outside.path().join("new").exists());
    assert_eq!(read_savepoint(&path).unwrap(), sample(3));
}

#[test]
fn a_copy_between_file_systems_is_the_same_savepoint() {
    let (outside, _data, path) = with_savepoint();
    let OnDisk { folder, metadata, .. } = OnDisk::find(&RealDisk, &path).unwrap();
    let target = outside.path().join("far");
    copy(&RealDisk, &folder, &metadata, outside.path(), &target).unwrap();
    assert_eq!(read_savepoint(&target).unwrap(), sample(3));
    assert_eq!(
        entries(&RealDisk, outside.path()).unwrap(),
        ["data", "far"],
        "nothing temporary is left"
    );
}

#[test]
fn only_the_files_of_the_snapshot_are_disposed_of() {
    let (_outside, data, path) = with_savepoint();
    fs::write(path.join("notes.txt"), "mine").unwrap();
    let disposed = dispose(&path).unwrap();
    let folder = fs::canonicalize(&path).unwrap();
    assert_eq!(disposed.removed[0], folder.join(METADATA));
    assert_eq!(disposed.removed.len(), 4);
    let left = LeftFile { path: folder.join("notes.txt"), why: Why::Foreign };
    assert_eq!(disposed.left, [left]);
    assert!(list(data.path()).unwrap().is_empty(), "what is left is no snapshot");
    assert_eq!(fs::read(path.join("notes.txt")).unwrap(), b"mine");
    assert!(matches!(dispose(&path), Err(StoreError::NoMetadata { .. })));
    let second = data
        .write_savepoint(&encode_inline_below(&sample(9), 0), SavepointLayout::RelativeFolder)
        .unwrap();
    dispose(second.join(METADATA)).unwrap();
    assert!(!second.exists());
    assert_eq!(list(data.path()).unwrap().iter().filter(|l| l.summary.is_ok()).count(), 0);
}
