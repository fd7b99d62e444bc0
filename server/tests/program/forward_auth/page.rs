//! The pages of `docs/integrations`.

use std::path::Path;

/// The first block of a language on a page.
pub(super) fn block(page: &str, language: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/integrations");
    let text = std::fs::read_to_string(folder.join(page)).unwrap();
    let begin = format!("```{language}\n");
    let (_, rest) = text.split_once(&begin).expect("a block of that language");
    let (block, _) = rest.split_once("```").expect("the end of the block");
    block.to_owned()
}

/// The text with another part in the place of one that must be there.
pub(super) fn with(text: &str, part: &str, other: &str) -> String {
    assert!(text.contains(part), "{part:?} is not in\n{text}");
    text.replace(part, other)
}

/// The text without a line that must be there once, whatever its indentation.
pub(super) fn without(text: &str, line: &str) -> String {
    let is_it = |other: &&str| other.trim() == line;
    assert_eq!(text.lines().filter(is_it).count(), 1, "{line:?} in\n{text}");
    let kept = text.lines().filter(|other| !is_it(other));
    kept.collect::<Vec<_>>().join("\n") + "\n"
}
