use super::*;

/// Sixteen bins of 1,024 draws each are expected; the sum of squared differences over the
/// expectation stays below 45 but for one case in ten thousand.
fn assert_uniform(story: &str, draws: impl Iterator<Item = u64>) {
    let mut bins = [[0_u64; 16]; 2];
    let mut count = 0;
    for draw in draws {
        bins[0][usize::try_from(draw >> 60).expect("four bits")] += 1;
        bins[1][usize::try_from(draw & 15).expect("four bits")] += 1;
        count += 1;
    }
    let expected = count / 16;
    assert!(expected >= 512, "{story}: too few draws to judge");
    for (half, bins) in ["highest", "lowest"].into_iter().zip(bins) {
        let squares: u64 = bins.iter().map(|&bin| bin.abs_diff(expected).pow(2)).sum();
        assert!(squares < 45 * expected, "{story}: the {half} bits are not uniform: {bins:?}");
    }
}

/// Neighbours differ in half of their bits: 32 of 64, over `pairs` of them by less than five
/// standard deviations of the sum, which are 4 · sqrt(pairs); and in each single bit.
fn assert_unrelated(story: &str, draws: &[u64]) {
    let pairs = u64::try_from(draws.len() - 1).expect("few");
    let differing: u64 =
        draws.windows(2).map(|pair| u64::from((pair[0] ^ pair[1]).count_ones())).sum();
    let off = differing.abs_diff(32 * pairs);
    assert!(
        off * off < 400 * pairs,
        "{story}: neighbours differ in {differing} bits of {}",
        64 * pairs
    );
    for bit in 0..64 {
        let flips: u64 = draws.windows(2).map(|pair| (pair[0] ^ pair[1]) >> bit & 1).sum();
        let off = (2 * flips).abs_diff(pairs);
        assert!(off * off < 36 * pairs, "{story}: bit {bit} flips {flips} times in {pairs}");
    }
}

fn check(story: &str, draws: impl Iterator<Item = u64>) {
    let draws: Vec<u64> = draws.collect();
    assert_uniform(story, draws.iter().copied());
    assert_unrelated(story, &draws);
    let differences = draws.windows(2).map(|pair| pair[1].wrapping_sub(pair[0]));
    assert_uniform(story, differences);
}

const DRAWS: u64 = 16_384;

#[test]
fn neighbouring_indices_have_unrelated_draws() {
    for seed in [0, 1, 7, SEED_MAX] {
        let stream = Choices::new(seed).stream("channel-delay", "count#0/lines->words/0->1/a0");
        check("indices", (0..DRAWS).map(|index| stream.draw(index)));
        check("far indices", (0..DRAWS).map(|index| stream.draw(u64::MAX - index)));
        check("indices a power of two apart", (0..DRAWS).map(|index| stream.draw(index << 40)));
    }
}

#[test]
fn neighbouring_names_have_unrelated_draws() {
    let choices = Choices::new(7);
    for index in [0, 1, 2, 1_000] {
        check("names", (0..DRAWS).map(|name| choices.stream("crash-time", name).draw(index)));
        check(
            "padded names",
            (0..DRAWS).map(|name| choices.stream("k", format_args!("{name:016}")).draw(index)),
        );
    }
}

#[test]
fn neighbouring_seeds_have_unrelated_draws() {
    for index in [0, 1, 1_000] {
        check(
            "seeds",
            (0..DRAWS).map(|seed| Choices::new(seed).stream("crash-time", "t0").draw(index)),
        );
    }
}

#[test]
fn names_that_share_their_bytes_differ() {
    let choices = Choices::new(7);
    let key = |kind: &str, whom: &str| choices.stream(kind, whom).key;
    let keys =
        [key("a", ""), key("a", "b"), key("ab", ""), key("a", "b\0"), key("a", "b\0\0\0\0\0\0")];
    for (place, key) in keys.iter().enumerate() {
        assert!(!keys[..place].contains(key), "name {place} has the key of another");
    }
}

#[test]
fn a_name_is_the_same_in_one_piece_and_in_many() {
    let choices = Choices::new(7);
    let whole = choices.stream("channel-delay", "count#0/lines->words/0->1/a0");
    let (job, run, from, to) = ("count", 0, "lines", "words");
    let pieces = choices
        .stream("channel-delay", format_args!("{job}#{run}/{from}->{to}/{}->{}/a{}", 0, 1, 0));
    assert_eq!(whole.key, pieces.key);
}

#[test]
fn squares_gives_the_numbers_it_always_gave() {
    let key = 0xc58e_fd15_4ce3_2f6d;
    let draws = [0, 1, 2, u64::MAX].map(|index| squares64(key, index));
    let expected = [
        9_462_863_352_113_132_047,
        5_576_683_879_226_033_212,
        6_874_264_570_996_313_208,
        9_932_901_355_575_921_035,
    ];
    assert_eq!(draws, expected);
}

#[test]
fn first_draws_never_change() {
    let stream = Choices::new(7).stream("channel-delay", "lines->words/0->1");
    let draws = [3_743_784_333_229_010_198, 15_674_013_841_173_598_105, 13_474_788_632_951_520_590];
    assert_eq!([0, 1, 2].map(|index| stream.draw(index)), draws);
    assert_eq!([0, 1, 2, 3].map(|index| stream.below(index, 100)), [20, 84, 73, 31]);
    assert_eq!([0, 1, 2, 3].map(|index| stream.within(index, 10, 20)), [12, 19, 18, 13]);
    assert_eq!([0, 1, 2, 3].map(|index| stream.chance(index, 1, 2)), [true, false, false, true]);
}

#[test]
fn draws_stay_in_their_ranges_and_reach_the_ends() {
    let stream = Choices::new(7).stream("range", "");
    let reached: std::collections::BTreeSet<u64> =
        (0..1_000).map(|index| stream.within(index, 5, 9)).collect();
    assert!(reached.into_iter().eq(5..=9));
    assert_eq!(stream.within(0, 0, u64::MAX), stream.draw(0));
    assert_eq!(stream.within(0, 4, 4), 4);
    assert_eq!(stream.below(0, 1), 0);
    assert!((0..1_000).all(|index| !stream.chance(index, 0, 5) && stream.chance(index, 5, 5)));
    let quarter = (0..16_000).filter(|&index| stream.chance(index, 1, 4)).count();
    assert!(quarter.abs_diff(4_000) < 275, "a chance of a quarter came {quarter} times in 16000");
}

#[test]
#[should_panic(expected = "9223372036854775808 is not a seed: seeds are 0 to 2^63 - 1")]
fn a_seed_beyond_the_signed_integers_is_refused() {
    Choices::new(SEED_MAX + 1);
}

#[test]
fn choices_and_streams_can_be_sent() {
    fn assert_send<T: Send + Sync + Clone>() {}
    assert_send::<Choices>();
    assert_send::<Stream>();
}

#[test]
fn a_number_in_a_name_is_hashed_as_its_digits() {
    let family = Choices::new(3).family("delay", "a");
    let edges = [0, 7, 10, 99_999_999, 100_000_000, 100_000_007, 10_u64.pow(16), u64::MAX];
    for number in edges {
        let stream = Choices::new(3).stream("delay", format!("a{number}z"));
        let of_family = family.stream(&[Piece::Number(number), Piece::Text("z")]);
        assert_eq!(of_family.draw(0), stream.draw(0), "{number}");
    }
}
