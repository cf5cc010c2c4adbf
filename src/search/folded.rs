//! Messages compared by their words alone.
//!
//! A text that somebody copies out of a log of Flink has capital letters, quotes and full stops that a message here has not.
//! Both are folded to the same: words of letters and digits, in lower case.

/// The words of a text. Whatever is neither a letter nor a digit stands between words.
pub fn words(text: &str) -> impl Iterator<Item = String> {
    let words = text.split(|letter: char| !letter.is_alphanumeric());
    words.filter(|word| !word.is_empty()).map(str::to_lowercase)
}

/// Whether a message holds a text, by their words. The first and the last word of the text may be parts of words. What a
/// message has in brackets counts only against a text that has brackets, too: older releases say less.
pub(super) fn says(message: &str, text: &str) -> bool {
    let folded = |text: &str| words(&short_names(text)).collect::<Vec<_>>().join(" ");
    let wanted = folded(text);
    let holds = |message: &str| folded(message).contains(&wanted);
    holds(message) || (!text.contains('(') && holds(&without_brackets(message)))
}

/// The objects of a text by the names of their classes alone: `a.b.Outer$Inner@1f` is `Inner`.
fn short_names(text: &str) -> String {
    let is_part = |letter: char| letter.is_alphanumeric() || ".$_@".contains(letter);
    text.split(|letter| !is_part(letter)).map(short_name).collect::<Vec<_>>().join(" ")
}

fn short_name(word: &str) -> &str {
    let name = word.trim_end_matches('.');
    match name.split_once('@') {
        Some((class, hash)) if class.contains('.') && u32::from_str_radix(hash, 16).is_ok() => {
            class.rsplit(['.', '$']).next().unwrap_or(class)
        }
        _ => word,
    }
}

/// A message without what it has in round brackets.
fn without_brackets(message: &str) -> String {
    let mut depth = 0_u32;
    let kept = message.chars().filter(|letter| {
        depth += u32::from(*letter == '(');
        let is_kept = depth == 0;
        depth -= u32::from(*letter == ')' && depth > 0);
        is_kept
    });
    kept.collect()
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
    fn serializers_may_be_objects_or_left_out() {
        let ours = "the new key serializer (IntSerializer) must be compatible with the previous key serializer (LongSerializer)";
        assert!(says(ours, "The new key serializer must be compatible."));
        let objects = "The new key serializer (org.apache.flink.api.common.typeutils.base.IntSerializer@1ed4ae0f) must be compatible with";
        assert!(says(ours, objects));
        assert!(!says(ours, &objects.replace("IntSerializer", "LongSerializer")));
        let inner = "the old state serializer (org.apache.flink.runtime.state.ttl.TtlStateFactory$TtlSerializer@80124f32).";
        assert!(says("with the old state serializer (TtlSerializer)", inner));
        let limit = "the maximum parallelism (128) of the restored state is lower";
        assert!(says(limit, "The maximum parallelism of the restored state"));
        assert!(!says(limit, "The maximum parallelism (8) of the restored state"));
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
