//! Messages compared by their words alone.
//!
//! A text that somebody copies out of a log of Flink has capital letters, quotes and full stops that a message here has not.
//! Both are folded to the same: words of letters and digits, in lower case.

/// The words of a text. Whatever is neither a letter nor a digit stands between words.
pub fn words(text: &str) -> impl Iterator<Item = String> {
    let words = text.split(|letter: char| !letter.is_alphanumeric());
    words.filter(|word| !word.is_empty()).map(str::to_lowercase)
}

/// Whether a message holds a text, by their words. The first and the last word of the text may be parts of words.
pub(super) fn says(message: &str, text: &str) -> bool {
    let folded = |text: &str| words(text).collect::<Vec<_>>().join(" ");
    folded(message).contains(&folded(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_quotes_and_full_stops_do_not_count() {
        let ours =
            "incompatible state assignment modes: was [UNION], registered with [SPLIT_DISTRIBUTE]";
        let theirs =
            "Incompatible state assignment modes. Was [UNION], registered with [SPLIT_DISTRIBUTE].";
        assert!(says(ours, theirs));
        assert!(says(
            "cannot find meta data file '_metadata' in directory 'a/b'",
            "Cannot find meta data file \"_metadata\" in directory a/b"
        ));
        assert!(says("checkpoint 3 expired before completing", "expired"));
        assert!(says(
            "file not found: savepoints/savepoint-d38187",
            "file not found: savepoints/savepoint-"
        ));
        assert!(says("cannot rescale from a checkpoint", "rescal"));
    }

    #[test]
    fn words_and_their_order_do() {
        let message =
            "incompatible state assignment modes: was [UNION], registered with [SPLIT_DISTRIBUTE]";
        assert!(!says(message, "was [SPLIT_DISTRIBUTE], registered with [UNION]"));
        assert!(!says(message, "incompatible modes"));
        assert!(!says("max parallelism 18", "max parallelism 8"));
    }
}
