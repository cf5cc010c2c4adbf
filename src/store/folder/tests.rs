use super::super::codec::encode_inline_below;
use super::super::codec::tests::sample;
use super::super::unfinished::TEMPORARY;
use super::super::{describe, find_data_dir_on, list, read_savepoint};
use super::*;
use crate::rules::SavepointLayout;
use std::fs;
use tempfile::TempDir;

fn find_data_dir(path: impl AsRef<Path>) -> Option<DataDir> {
    find_data_dir_on(&RealDisk::shared(), path)
}

/// A data folder with one savepoint, whose states are files.
fn with_savepoint() -> (TempDir, DataDir, PathBuf) {
    let outside = TempDir::new().unwrap();
    let data = DataDir::open_or_create(outside.path().join("data")).unwrap();
    let path = data
        .write_savepoint(&encode_inline_below(&sample(3), 0), SavepointLayout::RelativeFolder)
        .unwrap();
    (outside, data, path)
}

fn state_file(savepoint: &Path) -> PathBuf {
    let names = entries(&RealDisk, savepoint).unwrap();
    savepoint.join(names.iter().find(|name| *name != METADATA).unwrap())
}

/// What a reader says of a folder, and that it helps.
fn refusal(path: &Path) -> String {
    let error = read_savepoint(path).unwrap_err();
    assert!(!error.help().is_empty());
    error.to_string()
}

#[test]
fn a_savepoint_is_read_back_by_its_folder_and_by_its_metadata() {
    let (_outside, data, path) = with_savepoint();
    assert_eq!(read_savepoint(&path).unwrap(), sample(3));
    assert_eq!(read_savepoint(path.join(METADATA)).unwrap(), sample(3));
    assert_eq!(entries(&RealDisk, &path).unwrap().len(), 4);
    assert_eq!(
        entries(&RealDisk, path.parent().unwrap()).unwrap().len(),
        1,
        "nothing temporary is left"
    );
    let reopened = DataDir::open_or_create(data.path()).unwrap();
    assert_eq!(reopened, data);
}

#[test]
fn a_moved_folder_is_read_back_but_has_no_data_folder() {
    let (outside, data, path) = with_savepoint();
    let root = fs::canonicalize(data.path()).unwrap();
    assert_eq!(find_data_dir(&path).unwrap().path(), root);
    assert_eq!(find_data_dir(path.join(METADATA)).unwrap().path(), root);
    let moved = outside.path().join("elsewhere");
    fs::rename(&path, &moved).unwrap();
    assert_eq!(read_savepoint(&moved).unwrap(), sample(3));
    assert_eq!(find_data_dir(&moved), None);
}

#[test]
fn the_same_savepoint_is_written_once_and_never_over_another() {
    let (_outside, data, path) = with_savepoint();
    let files = encode_inline_below(&sample(3), 0);
    assert_eq!(data.write_savepoint(&files, SavepointLayout::RelativeFolder).unwrap(), path);
    fs::write(path.join(METADATA), "something else").unwrap();
    let second = data.write_savepoint(&files, SavepointLayout::RelativeFolder).unwrap();
    assert_ne!(second, path);
    assert_eq!(fs::read(path.join(METADATA)).unwrap(), b"something else");
}

#[test]
fn a_checkpoint_lies_beside_shared_and_taskowned_until_it_is_removed() {
    let (_outside, data, _) = with_savepoint();
    let files = encode_inline_below(&sample(5), 0);
    let path = data.write_checkpoint(&files).unwrap().path;
    assert!(path.ends_with(format!("checkpoints/{}/chk-4", files.job)));
    assert_eq!(
        entries(&RealDisk, path.parent().unwrap()).unwrap(),
        ["chk-4", "shared", "taskowned"]
    );
    assert_eq!(find_data_dir(&path).unwrap().path(), fs::canonicalize(data.path()).unwrap());
    let other = encode_inline_below(&sample(6), 0);
    assert_eq!(data.write_checkpoint(&other).unwrap().path, path);
    assert_eq!(read_savepoint(&path).unwrap(), sample(6));
    data.remove_checkpoint(files.job, files.id).unwrap();
    assert_eq!(entries(&RealDisk, path.parent().unwrap()).unwrap(), ["shared", "taskowned"]);
    let again = data.remove_checkpoint(files.job, files.id).unwrap_err();
    assert!(matches!(again, StoreError::NotFound { .. }));
}

#[test]
fn each_way_to_be_no_savepoint_has_its_own_message() {
    let (outside, data, path) = with_savepoint();
    assert!(refusal(Path::new("")).contains("empty checkpoint pointer"));
    assert!(refusal(&path.join("nowhere")).contains("cannot find checkpoint or savepoint file"));
    assert!(refusal(data.path()).contains("cannot find meta data file `_metadata`"));
    let text = outside.path().join("text");
    fs::write(&text, "some text").unwrap();
    assert!(refusal(&text).contains("is not a savepoint: at byte 0: unexpected magic number"));
    let state = state_file(&path);
    assert!(refusal(&state).contains("`state` stands where `properties` belongs"));
    let unfinished = path.with_file_name(format!("{TEMPORARY}1"));
    fs::rename(&path, &unfinished).unwrap();
    assert!(refusal(&unfinished).contains("never finished"));
    assert!(refusal(&unfinished.join(METADATA)).contains("never finished"));
    assert!(list(data.path()).unwrap().is_empty());
}

#[test]
fn each_damage_to_a_state_file_has_its_own_message() {
    let (_outside, _data, path) = with_savepoint();
    let file = state_file(&path);
    let sound = fs::read(&file).unwrap();
    let named = |message: String, part: &str| {
        assert!(message.contains(part) && message.contains(file.to_str().unwrap()), "{message}");
    };
    let mut damaged = sound.clone();
    damaged[40] ^= 1;
    fs::write(&file, &damaged).unwrap();
    named(refusal(&path), "is damaged: at byte 16: checksum of the `state`");
    fs::write(&file, &sound[1..]).unwrap();
    named(refusal(&path), "where `_metadata` expects");
    fs::remove_file(&file).unwrap();
    named(refusal(&path), "cannot find state file");
    fs::create_dir(&file).unwrap();
    named(refusal(&path), "state file");
}

#[test]
fn damage_to_the_metadata_names_file_and_offset() {
    let (_outside, _data, path) = with_savepoint();
    let file = path.join(METADATA);
    let sound = fs::read(&file).unwrap();
    fs::write(&file, &sound[..sound.len() - 1]).unwrap();
    assert!(refusal(&path).contains("_metadata` is incomplete: at byte "), "{}", refusal(&path));
    let mut damaged = sound.clone();
    damaged[30] ^= 1;
    fs::write(&file, &damaged).unwrap();
    let told = refusal(&path);
    assert!(
        told.contains("_metadata` is damaged: at byte 16: checksum of the `properties`"),
        "{told}"
    );
    let mut future = sound;
    future[8] = 9;
    let checksum = crc32fast::hash(&future[..12]);
    future[12..16].copy_from_slice(&checksum.to_le_bytes());
    fs::write(&file, &future).unwrap();
    assert!(matches!(read_savepoint(&path), Err(StoreError::FutureVersion { .. })));
}

#[test]
fn a_list_tells_of_all_and_a_damaged_one_hides_none() {
    let (_outside, data, path) = with_savepoint();
    let second = data
        .write_savepoint(&encode_inline_below(&sample(9), 0), SavepointLayout::RelativeFolder)
        .unwrap();
    data.write_checkpoint(&encode_inline_below(&sample(5), 0)).unwrap();
    fs::remove_file(second.join(METADATA)).unwrap();
    let all = list(data.path()).unwrap();
    assert_eq!(all.len(), 3);
    assert_eq!(all.iter().filter(|listed| listed.summary.is_ok()).count(), 2);
    assert_eq!(list(path.parent().unwrap()).unwrap().len(), 2);
    let [one] = &list(&path).unwrap()[..] else { panic!("one savepoint") };
    let summary = describe(&path).unwrap();
    assert_eq!(*one.summary.as_ref().unwrap(), summary);
    let on_disk = entries(&RealDisk, &path).unwrap().into_iter();
    let on_disk = on_disk.map(|name| fs::metadata(path.join(name)).unwrap().len()).sum::<u64>();
    assert_eq!(summary.bytes, on_disk);
    assert!(list(path.join("nowhere")).is_err());
}

#[test]
fn what_the_system_refuses_is_told_with_the_path() {
    let outside = TempDir::new().unwrap();
    let file = outside.path().join("file");
    fs::write(&file, "").unwrap();
    let error = DataDir::open_or_create(file.join("data")).unwrap_err();
    assert!(error.to_string().contains("cannot create folder"), "{error}");
    assert_eq!(error.help(), "choose a folder; a file is in its place");
    let full = io::Error::from(io::ErrorKind::StorageFull);
    let error = StoreError::io("write", &file)(full);
    assert!(error.to_string().contains(file.to_str().unwrap()));
    assert!(error.help().contains("free some space"));
}

#[test]
fn a_data_folder_of_another_version_is_refused() {
    let (_outside, data, _) = with_savepoint();
    fs::write(data.path().join(MARKER), "sandbar data folder, version 3\n").unwrap();
    let error = DataDir::open_or_create(data.path()).unwrap_err();
    assert!(matches!(error, StoreError::UnknownDataDir { .. }));
}

#[cfg(unix)]
#[test]
fn what_is_finished_is_as_open_to_others_as_other_files() {
    use std::os::unix::fs::PermissionsExt;
    let (outside, data, path) = with_savepoint();
    data.open_sinks().unwrap().1.write(&sample(0).sinks).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
    fs::create_dir(outside.path().join("plain")).unwrap();
    fs::write(outside.path().join("file"), "").unwrap();
    assert_eq!(mode(&path), mode(&outside.path().join("plain")));
    assert_eq!(mode(&data.path().join(MARKER)), mode(&outside.path().join("file")));
    let sinks = entries(&RealDisk, &data.path().join("sinks")).unwrap();
    assert_eq!(
        mode(&data.path().join("sinks").join(&sinks[0])),
        mode(&outside.path().join("file"))
    );
}

#[cfg(unix)]
#[test]
fn a_link_in_the_place_of_the_mark_is_not_replaced() {
    let outside = TempDir::new().unwrap();
    let mark = outside.path().join(MARKER);
    std::os::unix::fs::symlink("/nowhere/at/all", &mark).unwrap();
    let error = DataDir::open_or_create(outside.path()).unwrap_err();
    assert!(matches!(error, StoreError::InTheWay { .. }), "{error}");
    assert!(mark.is_symlink());
}

#[test]
fn a_checkpoint_is_written_around_what_others_have_in_its_folder() {
    let (_outside, data, _) = with_savepoint();
    let path = data.write_checkpoint(&encode_inline_below(&sample(5), 0)).unwrap().path;
    fs::write(path.join("notes.txt"), "mine").unwrap();
    let kept = data.write_checkpoint(&encode_inline_below(&sample(6), 0)).unwrap();
    assert_eq!(kept.path, path);
    assert_eq!(kept.left.len(), 1);
    assert_eq!(read_savepoint(&path).unwrap(), sample(6));
    assert_eq!(fs::read(path.join("notes.txt")).unwrap(), b"mine");
    // A text in the place of the metadata is no checkpoint that could be replaced.
    fs::write(path.join(METADATA), "mine, too").unwrap();
    let error = data.write_checkpoint(&encode_inline_below(&sample(7), 0)).unwrap_err();
    assert!(matches!(error, StoreError::InTheWay { .. }), "{error}");
    assert_eq!(fs::read(path.join(METADATA)).unwrap(), b"mine, too");
}

#[test]
fn a_shared_file_goes_only_if_it_is_what_was_written_and_nobody_needs_it() {
    let (_outside, data, _) = with_savepoint();
    let job = sample(5).checkpoint.properties().job;
    let file = FileId::of(7);
    let folder = data.job_folder(job).join(SHARED);
    create_folder(&RealDisk, &folder).unwrap();
    let path = folder.join(file.to_string());
    fs::write(&path, "mine").unwrap();
    let left = data.remove_shared(job, file, Seal::of(b"ours")).unwrap().unwrap();
    assert_eq!(left.why, Why::Differs);
    assert!(path.exists());
    assert_eq!(data.remove_shared(job, file, Seal::of(b"mine")).unwrap(), None);
    assert!(!path.exists());
    assert_eq!(data.remove_shared(job, file, Seal::of(b"mine")).unwrap(), None, "it is gone");
}

#[test]
fn what_a_killed_process_was_removing_is_removed_by_the_next() {
    use super::super::unfinished::removed_name;
    let (_outside, data, path) = with_savepoint();
    fs::write(path.join("notes.txt"), "mine").unwrap();
    fs::rename(path.join(METADATA), path.join(removed_name())).unwrap();
    assert!(list(data.path()).unwrap().is_empty(), "it is listed no longer");
    data.finish_removals().unwrap();
    assert_eq!(entries(&RealDisk, &path).unwrap(), ["notes.txt"]);
}
