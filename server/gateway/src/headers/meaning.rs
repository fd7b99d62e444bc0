//! Request fields without which a request means something else.

use http::HeaderName;

use super::{HOP_BY_HOP, passing::names_second_path};

/// Names of fields: a whole name, how names begin (`content-*`) or end (`*-file-name`), or a word of names of
/// any protocol (`~chunk`).
type Names = &'static [&'static str];

/// What the fields say, for the person whose request is refused without them.
const MEANING: [(&str, Names); 6] = [
    (
        "how its body is read",
        &[
            "*api-version",
            "accept-version",
            "ce-*",
            "content-*",
            "link",
            "x-amz-trailer",
            "x-goog-hash",
            "~blob",
            "~boundary",
            "~charset",
            "~checksum",
            "~compression",
            "~content",
            "~crc32c",
            "~digest",
            "~encoding",
        ],
    ),
    (
        "which part of a whole its body is",
        &[
            "oc-total-length",
            "tus-*",
            "x-ms-append-*",
            "x-ms-page-*",
            "x-ms-write*",
            "~chunk",
            "~chunked",
            "~chunks",
            "~offset",
            "~part",
            "~range",
            "~resumable",
            "~upload",
        ],
    ),
    (
        "what is stored with its body",
        &[
            "*-file-name",
            "slug",
            "x-file-size",
            "x-file-type",
            "~filename",
            "~meta",
            "~metadata",
            "~mtime",
        ],
    ),
    (
        "how it is stored, for how long and for whom",
        &[
            "x-amz-grant-*",
            "x-amz-object-lock-*",
            "x-amz-storage-class",
            "x-amz-website-*",
            "x-delete-*",
            "x-ms-access-tier",
            "x-ms-tags",
            "x-upsert",
            "~acl",
            "~encryption",
            "~retention",
            "~tagging",
        ],
    ),
    // The lower half is of RFC 4918 §10.
    (
        "on which condition it is carried out",
        &[
            "if-*",
            "x-amz-expected-*",
            "x-goog-if-*",
            "x-if-*",
            "x-ms-lease-*",
            "~idempotency",
            "~idempotent",
            "depth",
            "if",
            "lock-token",
            "overwrite",
            "timeout",
        ],
    ),
    (
        "what is done, or with what",
        &[
            "*dry-run",
            "*validate-only",
            "accept-profile",
            "destination",
            "dropbox-api-arg*",
            "soapaction",
            "x-amz-target*",
            "x-explode-archive*",
            "x-ms-delete-*",
            "x-ms-source-*",
            "x-ms-version*",
        ],
    ),
];

/// Names with such words that a server need not heed: about the answer, or sent by mistake.
const NEVERTHELESS: Names = &["x-content-type-options", "~accept", "~want"];

/// The names that choose what even a request that only reads is about.
const CHOOSING: Names = &["accept-profile", "dropbox-api-arg"];

/// What a request that changes something, or has a body, doesn't say without this field.
pub(super) fn meaning_of(name: &HeaderName) -> Option<&'static str> {
    let text = name.as_str();
    if names_second_path(text) {
        return Some("which second path it is about");
    }
    let is_ordinary = HOP_BY_HOP.contains(&text) || are(NEVERTHELESS, text);
    let says = |one: &str| is(one, text) && !(is_ordinary && one.starts_with('~'));
    let found = MEANING
        .iter()
        .find(|(_, names)| names.iter().any(|one| says(one)));
    found.map(|(what, _)| *what)
}

/// Whether even a request that only reads means something else without this field.
pub(super) fn chooses(name: &HeaderName) -> bool {
    are(CHOOSING, name.as_str())
}

fn are(names: Names, text: &str) -> bool {
    names.iter().any(|one| is(one, text))
}

fn is(one: &str, text: &str) -> bool {
    match (one.strip_prefix(['~', '*']), one.strip_suffix('*')) {
        (Some(word), _) if one.starts_with('~') => text.split('-').any(|part| part == word),
        (Some(end), _) => text.ends_with(end),
        (None, Some(begin)) => text.starts_with(begin),
        (None, None) => text == one,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_request_means_is_known_by_names_and_words() {
        for (name, meaning) in [
            ("content-range", Some("how its body is read")),
            (
                "x-foo-chunk-index",
                Some("which part of a whole its body is"),
            ),
            ("x-object-meta-colour", Some("what is stored with its body")),
            (
                "x-goog-upload-file-name",
                Some("which part of a whole its body is"),
            ),
            ("x-original-file-name", Some("what is stored with its body")),
            (
                "x-amz-server-side-encryption",
                Some("how it is stored, for how long and for whom"),
            ),
            ("if-match", Some("on which condition it is carried out")),
            ("accept-profile", Some("what is done, or with what")),
            ("x-amz-copy-source", Some("which second path it is about")),
            ("link", Some("how its body is read")),
            ("x-github-api-version", Some("how its body is read")),
            ("oc-chunked", Some("which part of a whole its body is")),
            ("x-oc-mtime", Some("what is stored with its body")),
            (
                "x-amz-expected-bucket-owner",
                Some("on which condition it is carried out"),
            ),
            ("x-dry-run", Some("what is done, or with what")),
            ("x-client-version", None),
            ("accept-charset", None),
            ("accept-encoding", None),
            ("want-content-digest", None),
            ("transfer-encoding", None),
            ("x-content-type-options", None),
            ("x-parts", None),
            ("x-custom", None),
        ] {
            assert_eq!(
                meaning_of(&HeaderName::from_static(name)),
                meaning,
                "{name}"
            );
        }
    }
}
