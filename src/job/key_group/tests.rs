//! Vectors of key hashing, and the two properties that rescaling rests on.

use super::*;
use proptest::prelude::*;

fn hash(key: Value, key_type: KeyType) -> Option<i32> {
    java_hash_code(&key, key_type).ok()
}

#[test]
fn integers_are_mixed_as_flink_mixes_them() {
    let mixed = [0, 1, 2, 3, 42, -1].map(murmur_hash);
    assert_eq!(
        mixed,
        [593_689_054, 68_075_478, 1_085_422_463, 847_579_505, 1_134_849_565, 1_982_413_648]
    );
}

#[test]
fn a_key_hashes_as_its_java_type() {
    let cases = [
        (Value::Int(-10), KeyType::Long, Some(9)),
        (Value::Int(-10), KeyType::Auto, Some(9)),
        (Value::Int(-10), KeyType::Int, Some(-10)),
        (Value::Int(1 << 31), KeyType::Int, None),
        (Value::Int(1 << 31), KeyType::Long, Some(i32::MIN)),
        (Value::Int(-300), KeyType::Short, Some(-300)),
        (Value::Int(40_000), KeyType::Short, None),
        (Value::Int(-128), KeyType::Byte, Some(-128)),
        (Value::Int(128), KeyType::Byte, None),
        (Value::text("1.5"), KeyType::Byte, None),
        (Value::text("0.0"), KeyType::Float, Some(0)),
        (Value::text("-0.0"), KeyType::Float, Some(i32::MIN)),
        (Value::text("1.5"), KeyType::Float, Some(1_069_547_520)),
        (Value::text("-1.0"), KeyType::Float, Some(-1_082_130_432)),
        (Value::text("NaN"), KeyType::Float, Some(2_143_289_344)),
        (Value::text("Infinity"), KeyType::Float, Some(2_139_095_040)),
        (Value::Int(1), KeyType::Float, None),
        (Value::Int(1), KeyType::Text, None),
        (Value::Bool(true), KeyType::Auto, Some(1231)),
        (Value::Bool(false), KeyType::Bool, Some(1237)),
        (Value::text("中"), KeyType::Char, Some(20_013)),
        (Value::text("😀"), KeyType::Char, None),
        (Value::text("😀"), KeyType::Text, Some(1_772_899)),
        (Value::text("savepoint"), KeyType::Auto, Some(199_686_707)),
        (Value::text("0.0"), KeyType::Double, Some(0)),
        (Value::text("-0.0"), KeyType::Double, Some(i32::MIN)),
        (Value::text("-1.0"), KeyType::Double, Some(-1_074_790_400)),
        (Value::text("1.0E300"), KeyType::Double, Some(-164_130_400)),
        (Value::text("NaN"), KeyType::Double, Some(2_146_959_360)),
        (Value::text("-NaN"), KeyType::Double, Some(2_146_959_360)),
        (Value::text("Infinity"), KeyType::Double, Some(2_146_435_072)),
        (Value::text("-Infinity"), KeyType::Double, Some(-1_048_576)),
        (Value::text("one"), KeyType::Double, None),
        (Value::row([Value::text("a"), Value::Int(2)]), KeyType::Auto, Some(3009)),
        (Value::row([Value::text("a"), Value::Int(-2)]), KeyType::Int, Some(3005)),
        (Value::row([Value::text("a"), Value::Int(-2)]), KeyType::Auto, Some(3008)),
        (Value::Bytes([1, 255].into()), KeyType::Auto, Some((31 + 1) * 31 - 1)),
    ];
    for (key, key_type, expected) in cases {
        assert_eq!(hash(key.clone(), key_type), expected, "{key} as {key_type:?}");
    }
}

#[test]
fn a_key_is_read_from_its_column() {
    let key_by = KeyBy::new(KeySelector::Column(1));
    let row = Value::row([Value::Int(7), Value::text("b")]);
    assert_eq!(key_by.key_of(&row), Some(Value::text("b")));
    assert_eq!(key_by.hash_of(&row), Ok(98));
    let error = key_by.hash_of(&Value::Int(7)).expect_err("an integer has no columns");
    assert_eq!(error.to_string(), "value `7` has no column 1");
}

#[test]
fn the_default_max_parallelism_is_a_power_of_two_with_room_to_grow() {
    let defaults = [1, 85, 86, 170, 171, 200, 342, 20_000, 32_768].map(default_max_parallelism);
    assert_eq!(defaults, [128, 128, 256, 256, 256, 512, 1024, 32_768, 32_768].map(Some));
    assert_eq!([0, 32_769, u32::MAX].map(default_max_parallelism), [None; 3]);
}

/// A max parallelism and a parallelism within it.
fn parallelisms() -> impl Strategy<Value = (u32, u32)> {
    (1..=MAX_PARALLELISM_MAX).prop_flat_map(|max| (Just(max), 1..=max))
}

fn assert_each_key_group_is_owned_once(max_parallelism: u32, parallelism: u32) {
    let mut next = 0;
    for subtask in 0..parallelism {
        let range = key_group_range(max_parallelism, parallelism, subtask);
        assert_eq!(u32::from(*range.start()), next, "a gap or an overlap before subtask {subtask}");
        for group in [*range.start(), *range.end()] {
            assert_eq!(subtask_of_key_group(group, max_parallelism, parallelism), subtask);
        }
        next = u32::from(*range.end()) + 1;
    }
    assert_eq!(next, max_parallelism, "the last key group has no owner");
}

#[test]
fn each_key_group_is_owned_once_at_every_small_parallelism() {
    for max_parallelism in 1..=130 {
        (1..=max_parallelism).for_each(|p| assert_each_key_group_is_owned_once(max_parallelism, p));
    }
}

proptest! {
    #[test]
    fn each_key_group_is_owned_once((max_parallelism, parallelism) in parallelisms()) {
        assert_each_key_group_is_owned_once(max_parallelism, parallelism);
    }

    #[test]
    fn a_key_goes_to_the_subtask_that_owns_its_group((max_parallelism, parallelism) in parallelisms(), key: i64) {
        let group = key_group(hash(Value::Int(key), KeyType::Auto).expect("a long hashes"), max_parallelism);
        let subtask = subtask_of_key_group(group, max_parallelism, parallelism);
        prop_assert!(subtask < parallelism);
        prop_assert!(key_group_range(max_parallelism, parallelism, subtask).contains(&group));
    }
}
