//! Request fields without which a request means something else.

use http::HeaderName;

use super::{HOP_BY_HOP, passing::names_second_path};

/// Prefixes of names that say how to understand a body, or under which condition to carry out the
/// request.
const MEANING: [&str; 17] = [
    "content-",
    "dropbox-api-arg",
    "if-",
    "tus-",
    "upload-",
    "x-amz-target",
    "x-goog-hash",
    "x-goog-resumable",
    "x-if-",
    "x-ms-append-",
    "x-ms-blob-",
    "x-ms-delete-",
    "x-ms-lease-",
    "x-ms-page-",
    "x-ms-source-",
    "x-ms-version",
    "x-ms-write",
];
/// And whole names of that kind. The lower half is of RFC 4918 §10.
const MEANING_TOO: [&str; 11] = [
    "accept-profile",
    "digest",
    "if",
    "repr-digest",
    "slug",
    "soapaction",
    "depth",
    "destination",
    "lock-token",
    "overwrite",
    "timeout",
];
/// And words in such names, of any protocol.
const MEANING_WORDS: [&str; 20] = [
    "blob",
    "boundary",
    "checksum",
    "chunk",
    "chunks",
    "compression",
    "content",
    "crc32c",
    "digest",
    "encoding",
    "filename",
    "idempotency",
    "idempotent",
    "meta",
    "metadata",
    "offset",
    "part",
    "range",
    "resumable",
    "upload",
];
/// Of these, the ones that choose what even a request that only reads is about.
const CHOOSING: [&str; 2] = ["accept-profile", "dropbox-api-arg"];
/// Words of names that are about the answer, which a server need not heed.
const ABOUT_ANSWERS: [&str; 2] = ["accept", "want"];
/// Fields of answers that programs send by mistake.
const OF_ANSWERS: &str = "x-content-type-options";

/// Whether a request that changes something, or has a body, means something else without this field.
pub(super) fn is_meaning(name: &HeaderName) -> bool {
    let text = name.as_str();
    let words = || text.split('-');
    let has = |wanted: &[&str]| words().any(|word| wanted.contains(&word));
    let is_file_name = text.ends_with("-file-name");
    MEANING.iter().any(|begin| text.starts_with(begin))
        || MEANING_TOO.contains(&text)
        || names_second_path(text)
        || ((has(&MEANING_WORDS) || is_file_name)
            && !has(&ABOUT_ANSWERS)
            && !HOP_BY_HOP.contains(&text)
            && text != OF_ANSWERS)
}

/// Whether even a request that only reads means something else without this field.
pub(super) fn chooses(name: &HeaderName) -> bool {
    CHOOSING.contains(&name.as_str())
}
