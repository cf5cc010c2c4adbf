use super::super::codec::encode_sink;
use super::super::codec::tests::sample;
use super::*;
use crate::effect::Row;
use crate::job::{Origin, Value};
use std::fs;
use std::ops::Range;
use tempfile::TempDir;

fn folder() -> (TempDir, DataDir) {
    let outside = TempDir::new().unwrap();
    let data = DataDir::open_or_create(outside.path().join("data")).unwrap();
    (outside, data)
}

fn add(sink: &mut ExternalSystem, numbers: Range<i64>) {
    let row = |number| Row { value: Value::Int(number), origin: Origin::default(), job: 1 };
    Arc::make_mut(&mut sink.committed).extend(numbers.map(row));
}

/// A sink `out` with these rows.
fn out(numbers: Range<i64>) -> ExternalSystem {
    let mut sink = ExternalSystem { name: "out".into(), ..ExternalSystem::default() };
    add(&mut sink, numbers);
    sink
}

/// The files of the sinks, by name.
fn files(data: &DataDir) -> Vec<PathBuf> {
    let folder = data.path().join(SINKS);
    let names = entries(&**data.disk(), &folder).unwrap();
    names.into_iter().map(|name| folder.join(name)).collect()
}

fn bytes(data: &DataDir) -> u64 {
    files(data).iter().map(|file| fs::metadata(file).unwrap().len()).sum()
}

fn refusal(data: &DataDir) -> String {
    let error = data.read_sinks().unwrap_err();
    assert!(!error.help().is_empty());
    error.to_string()
}

#[test]
fn sinks_are_read_back_in_order_of_the_names_of_their_files() {
    let (_outside, data) = folder();
    let (held, mut writer) = data.open_sinks().unwrap();
    assert_eq!(held, []);
    let mut sinks = sample(0).sinks;
    sinks.push(ExternalSystem { name: "Out_of the way".into(), ..ExternalSystem::default() });
    writer.write(&sinks).unwrap();
    sinks.sort_by_key(|sink| sink_file_name(&sink.name));
    assert_eq!(data.read_sinks().unwrap(), sinks, "an empty one is known, too");
    writer.write(&sinks).unwrap();
    assert_eq!(files(&data).len(), 1, "nothing new is nothing to write");
    add(&mut sinks[0], 0..3);
    writer.write(&sinks[..1]).unwrap();
    assert_eq!(data.read_sinks().unwrap(), sinks);
}

#[test]
fn what_older_programs_wrote_is_read_first_and_stays() {
    let (_outside, data) = folder();
    let old = data.path().join(SINKS).join(sink_file_name("out"));
    fs::create_dir(old.parent().unwrap()).unwrap();
    fs::write(&old, encode_sink(&out(0..5))).unwrap();
    let marker = data.path().join("sandbar-data");
    fs::write(&marker, "sandbar data folder, version 1\n").unwrap();
    let data = DataDir::open(data.path()).unwrap().unwrap();
    let (mut held, mut writer) = data.open_sinks().unwrap();
    assert_eq!(held, [out(0..5)]);
    let data = DataDir::open_or_create(data.path()).unwrap();
    assert_eq!(fs::read_to_string(marker).unwrap(), "sandbar data folder, version 2\n");
    add(&mut held[0], 5..7);
    writer.write(&held).unwrap();
    assert_eq!(data.read_sinks().unwrap(), [out(0..7)]);
    assert_eq!(fs::read(&old).unwrap(), encode_sink(&out(0..5)));
    fs::rename(&old, old.with_file_name("copy.sink")).unwrap();
    assert!(refusal(&data).contains("whose file is called"));
}

#[test]
fn what_two_runs_write_at_once_is_all_there() {
    let (_outside, data) = folder();
    let mut writers = [data.open_sinks().unwrap().1, data.open_sinks().unwrap().1];
    let mut sinks = [out(0..0), out(0..0)];
    for turn in 0..6 {
        let own = turn % 2;
        let first = 10 * i64::try_from(turn).unwrap();
        add(&mut sinks[own], first..first + 3);
        writers[own].write(&sinks[own..=own]).unwrap();
    }
    let all = data.read_sinks().unwrap();
    let expected = (0..6).flat_map(|turn| 10 * turn..10 * turn + 3).map(Value::Int);
    assert!(all[0].committed.iter().map(|row| row.value.clone()).eq(expected), "{all:?}");
    let (_, found) = data.find_sinks().unwrap();
    assert_eq!((found.segments.len(), found.heads().len()), (6, 1), "each names the others");
}

#[test]
fn what_lay_elsewhere_is_brought_once_by_two_runs_that_start_from_it() {
    let (_outside, data) = folder();
    let mut writers = [data.open_sinks().unwrap().1, data.open_sinks().unwrap().1];
    for (writer, first) in writers.iter_mut().zip([10, 20]) {
        writer.go_on_from(&[out(0..5)], false);
        let mut sink = out(0..5);
        add(&mut sink, first..first + 2);
        writer.write(&[sink]).unwrap();
    }
    assert_eq!(data.read_sinks().unwrap()[0].committed.len(), 5 + 2 + 2);
    let (_, mut writer) = data.open_sinks().unwrap();
    writer.go_on_from(&[out(0..5)], true);
    let mut sink = out(0..5);
    add(&mut sink, 30..31);
    writer.write(&[sink]).unwrap();
    assert_eq!(data.read_sinks().unwrap()[0].committed.len(), 5 + 2 + 2 + 1);
}

#[test]
fn the_bytes_grow_with_the_rows_and_not_with_how_often_they_are_written() {
    let written = |times: i64| {
        let (_outside, data) = folder();
        let (_, mut writer) = data.open_sinks().unwrap();
        let mut sink = out(0..0);
        for turn in 0..times {
            add(&mut sink, turn * 2000 / times..(turn + 1) * 2000 / times);
            writer.write(std::slice::from_ref(&sink)).unwrap();
        }
        assert_eq!(data.read_sinks().unwrap(), [out(0..2000)]);
        bytes(&data)
    };
    let (once, often) = (written(1), written(50));
    assert!(once > 2000 && often < once + 50 * 200, "{once}, {often}");
}

#[test]
fn a_segment_that_is_damaged_missing_or_misnamed_is_told_with_its_file() {
    let (_outside, data) = folder();
    let (_, mut writer) = data.open_sinks().unwrap();
    let mut sink = out(0..0);
    for turn in 0..3 {
        add(&mut sink, turn..turn + 1);
        writer.write(std::slice::from_ref(&sink)).unwrap();
    }
    let files = files(&data);
    let file = &files[1];
    let named = |part: &str| {
        let told = refusal(&data);
        assert!(told.contains(part) && told.contains(file.to_str().unwrap()), "{told}");
    };
    let sound = fs::read(file).unwrap();
    let mut damaged = sound.clone();
    *damaged.last_mut().unwrap() ^= 1;
    fs::write(file, &damaged).unwrap();
    named("is damaged: at byte ");
    fs::write(file, &sound[..20]).unwrap();
    named("is incomplete: at byte 16");
    fs::remove_file(file).unwrap();
    named("cannot find `");
    fs::write(file, fs::read(&files[2]).unwrap()).unwrap();
    named("holds the rows that belong in");
    fs::write(file, &sound).unwrap();
    fs::write(file.with_file_name("notes.rows"), "mine").unwrap();
    assert_eq!(data.read_sinks().unwrap(), [out(0..3)]);
    // Nobody speaks of the newest yet.
    fs::remove_file(&files[2]).unwrap();
    assert_eq!(data.read_sinks().unwrap(), [out(0..2)]);
}
