//! The browser's bundle: read once at start, and served from memory as the bundler has compressed
//! it.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use app::{pages::parts::Part, paths, shell::Assets};
use axum::{
    body::Body,
    extract::Request,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use serde::Deserialize;

use super::source::SiteSource;
use crate::middleware::compress::accepts;

/// For files whose names change with their content (RFC 8246).
pub(super) const FOREVER: &str = "public, max-age=31536000, immutable";
/// For files under a fixed name.
pub(super) const ONE_HOUR: &str = "public, max-age=3600";

/// Names the files that a page loads.
const MANIFEST: &str = "/manifest.json";

/// Why a bundle couldn't be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum SiteError {
    /// A file or folder could not be read.
    #[error("cannot read {}", path.display())]
    Read { path: PathBuf, source: io::Error },
    /// There is no `manifest.json`.
    #[error("no manifest.json in {0}")]
    Incomplete(String),
    /// `manifest.json` doesn't name the files of a page.
    #[error("manifest.json is not the bundler's")]
    Manifest(#[source] serde_json::Error),
}

/// One file with its compressed forms.
#[derive(Debug, Default)]
struct File {
    plain: Bytes,
    brotli: Option<Bytes>,
    gzip: Option<Bytes>,
}

#[derive(Debug, Default)]
pub(super) struct Site {
    files: BTreeMap<String, File>,
    assets: Assets,
    /// The files of each part of the pages' code.
    parts: BTreeMap<String, Vec<String>>,
}

#[derive(Deserialize)]
struct Manifest {
    js: String,
    wasm: String,
    css: String,
    page: String,
    #[serde(default)]
    fonts: Vec<String>,
    #[serde(default)]
    parts: BTreeMap<String, Vec<String>>,
}

impl Site {
    /// Reads what the bundler wrote.
    pub(super) fn load(from: &SiteSource) -> Result<Self, SiteError> {
        let mut site = Self::default();
        match from {
            SiteSource::Carried(files) => {
                for (path, content) in *files {
                    site.add_file((*path).to_owned(), Bytes::from_static(content));
                }
            }
            SiteSource::Folder(root) => {
                // Any other folder is left unread. Opening and closing an SQLite file, for example,
                // would end the locks that this process holds on it.
                read(&root.join("manifest.json"))?;
                site.add_folder(root, "/")?;
                site.add_folder(&root.join("pkg"), "/pkg/")?;
            }
        }
        let manifest = site.files.get(MANIFEST);
        let manifest = manifest.ok_or_else(|| SiteError::Incomplete(from.to_string()))?;
        let manifest: Manifest =
            serde_json::from_slice(&manifest.plain).map_err(SiteError::Manifest)?;
        site.assets = Assets {
            js: Some(manifest.js),
            wasm: Some(manifest.wasm),
            css: Some(manifest.css),
            page: Some(manifest.page),
            fonts: manifest.fonts,
            ..Assets::default()
        };
        site.parts = manifest.parts;
        Ok(site)
    }

    pub(super) fn assets(&self) -> &Assets {
        &self.assets
    }

    /// What the page at a path loads, or without it the page after.
    pub(super) fn assets_of(&self, path: &str) -> Assets {
        let only_for_later = path == paths::SIGN_IN;
        let shown = if only_for_later {
            paths::OVERVIEW
        } else {
            path
        };
        let part = Part::of(shown);
        let parts = self.parts.get(part.name()).cloned().unwrap_or_default();
        Assets {
            only_for_later,
            parts,
            ..self.assets.clone()
        }
    }

    fn add_folder(&mut self, folder: &Path, prefix: &str) -> Result<(), SiteError> {
        let failed = |source| SiteError::Read {
            path: folder.to_owned(),
            source,
        };
        for entry in fs::read_dir(folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
                continue;
            };
            if path.is_file() {
                self.add_file(format!("{prefix}{name}"), Bytes::from(read(&path)?));
            }
        }
        Ok(())
    }

    fn add_file(&mut self, name: String, content: Bytes) {
        if let Some(name) = name.strip_suffix(".br") {
            self.files.entry(name.to_owned()).or_default().brotli = Some(content);
        } else if let Some(name) = name.strip_suffix(".gz") {
            self.files.entry(name.to_owned()).or_default().gzip = Some(content);
        } else {
            self.files.entry(name).or_default().plain = content;
        }
    }

    /// Answers a GET for one of the files.
    pub(super) fn serve(&self, request: &Request, cache: &'static str) -> Response {
        let path = request.uri().path();
        let Some(file) = self.files.get(path) else {
            return StatusCode::NOT_FOUND.into_response();
        };
        let (body, encoding) = file.negotiated(request.headers());
        let mut response = Body::from(body).into_response();
        let headers = response.headers_mut();
        let mut set = |name, value| headers.insert(name, HeaderValue::from_static(value));
        set(header::CONTENT_TYPE, content_type(path));
        set(header::CACHE_CONTROL, cache);
        set(header::VARY, "accept-encoding");
        set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
        if let Some(encoding) = encoding {
            set(header::CONTENT_ENCODING, encoding);
        }
        response
    }
}

impl File {
    fn negotiated(&self, headers: &HeaderMap) -> (Bytes, Option<&'static str>) {
        let forms = [("br", &self.brotli), ("gzip", &self.gzip)];
        for (encoding, form) in forms {
            if let Some(body) = form.as_ref().filter(|_| accepts(headers, encoding)) {
                return (body.clone(), Some(encoding));
            }
        }
        (self.plain.clone(), None)
    }
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("js") => "text/javascript; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("css") => "text/css; charset=utf-8",
        Some("woff2") => "font/woff2",
        Some("svg") => "image/svg+xml",
        Some("txt") => "text/plain; charset=utf-8",
        Some("json") => "application/json",
        _ => "application/octet-stream",
    }
}

fn read(path: &Path) -> Result<Vec<u8>, SiteError> {
    fs::read(path).map_err(|source| SiteError::Read {
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::source::SiteFiles;

    fn headers(value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static(value))])
    }

    fn file() -> File {
        File {
            plain: Bytes::from_static(b"plain"),
            brotli: Some(Bytes::from_static(b"br")),
            gzip: Some(Bytes::from_static(b"gz")),
        }
    }

    #[test]
    fn the_best_form_that_the_browser_takes_is_sent() {
        let sent = |value| file().negotiated(&headers(value)).1;
        assert_eq!(sent("gzip, deflate, br, zstd"), Some("br"));
        assert_eq!(sent("gzip"), Some("gzip"));
        assert_eq!(sent("br;q=0, gzip;q=0.5"), Some("gzip"));
        assert_eq!(sent("br;q=0.0"), None);
        assert_eq!(sent("identity"), None);
        assert_eq!(file().negotiated(&HeaderMap::new()).0, "plain");
    }

    #[test]
    fn a_bundle_is_read_with_its_compressed_forms() {
        let folder = tempfile::tempdir().unwrap();
        let write =
            |name: &str, content: &str| fs::write(folder.path().join(name), content).unwrap();
        fs::create_dir(folder.path().join("pkg")).unwrap();
        write("manifest.json", MANIFEST_OF_TWO);
        write("favicon.svg", "<svg/>");
        write("pkg/a.js", "plain");
        write("pkg/a.js.br", "packed");

        let site = Site::load(&SiteSource::Folder(folder.path().to_owned())).unwrap();

        assert_serves(&site);
    }

    #[test]
    fn a_carried_bundle_is_served_as_the_folder_would_be() {
        const FILES: SiteFiles = &[
            ("/manifest.json", MANIFEST_OF_TWO.as_bytes()),
            ("/favicon.svg", b"<svg/>"),
            ("/pkg/a.js", b"plain"),
            ("/pkg/a.js.br", b"packed"),
        ];
        assert_serves(&Site::load(&SiteSource::Carried(FILES)).unwrap());
    }

    const MANIFEST_OF_TWO: &str = r#"{"js":"/pkg/a.js","wasm":"/pkg/a.wasm","css":"/pkg/a.css","page":"/pkg/page.js",
        "parts":{"overview":["/pkg/b.wasm"],"tenant":["/pkg/c.wasm"]}}"#;

    fn assert_serves(site: &Site) {
        assert_eq!(site.assets().js.as_deref(), Some("/pkg/a.js"));
        for (path, part) in [
            ("/support", "/pkg/b.wasm"),
            ("/support/tenants/acme", "/pkg/c.wasm"),
        ] {
            assert_eq!(site.assets_of(path).parts, [part], "{path}");
        }
        let request = |path: &str| {
            let accepts = (header::ACCEPT_ENCODING, "br");
            Request::builder()
                .uri(path)
                .header(accepts.0, accepts.1)
                .body(Body::empty())
                .unwrap()
        };
        let script = site.serve(&request("/pkg/a.js"), FOREVER);
        assert_eq!(script.headers()[header::CONTENT_ENCODING], "br");
        assert_eq!(script.headers()[header::CACHE_CONTROL], FOREVER);
        for missing in ["/pkg/../manifest.json", "/pkg/a.js.br", "/pkg/"] {
            let status = site.serve(&request(missing), FOREVER).status();
            assert_eq!(status, StatusCode::NOT_FOUND, "{missing}");
        }
    }

    #[test]
    fn a_missing_bundle_is_named() {
        let error = Site::load(&SiteSource::Folder("no/such/folder".into())).unwrap_err();
        assert!(error.to_string().contains("no/such/folder"), "{error}");
    }
}
