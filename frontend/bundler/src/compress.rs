//! Precompressed forms, as small as the formats allow: made once here, served many times.

use std::io::Write as _;

use flate2::{Compression, write::GzEncoder};

/// Suffix and content of each form that is smaller than `content` itself; none for formats that are compressed already.
pub(crate) fn variants(name: &str, content: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    if !is_compressible(name) {
        return Vec::new();
    }
    [("br", brotli(content)), ("gz", gzip(content))]
        .into_iter()
        .filter(|(_, compressed)| compressed.len() < content.len())
        .collect()
}

/// The suffixes that [`variants`] may give to a file of this name.
pub(crate) fn suffixes(name: &str) -> &'static [&'static str] {
    if is_compressible(name) {
        &["br", "gz"]
    } else {
        &[]
    }
}

fn is_compressible(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, extension)| {
        matches!(
            extension,
            "css" | "html" | "js" | "json" | "svg" | "txt" | "wasm" | "webmanifest"
        )
    })
}

fn brotli(content: &[u8]) -> Vec<u8> {
    let mut compressed = Vec::new();
    let mut writer = brotli::CompressorWriter::new(&mut compressed, 4096, 11, 24);
    // Writing to memory can't fail.
    let _ = writer.write_all(content);
    drop(writer);
    compressed
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut writer = GzEncoder::new(Vec::new(), Compression::best());
    let _ = writer.write_all(content);
    writer.finish().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn both_forms_of_a_text_unpack_to_it() {
        let text = "body { margin: 0 } ".repeat(50);
        let variants = variants("a.css", text.as_bytes());

        let mut unpacked = String::new();
        brotli::Decompressor::new(variants[0].1.as_slice(), 4096)
            .read_to_string(&mut unpacked)
            .unwrap();
        assert_eq!((variants[0].0, unpacked.as_str()), ("br", text.as_str()));

        unpacked.clear();
        flate2::read::GzDecoder::new(variants[1].1.as_slice())
            .read_to_string(&mut unpacked)
            .unwrap();
        assert_eq!((variants[1].0, unpacked.as_str()), ("gz", text.as_str()));
    }

    #[test]
    fn fonts_and_tiny_files_stay_as_they_are() {
        assert!(variants("inter.woff2", &[0; 4096]).is_empty());
        assert!(variants("robots.txt", b"x").is_empty());
    }
}
