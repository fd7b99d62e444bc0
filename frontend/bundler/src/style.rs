//! One minified style sheet out of many, with the fonts and pictures it refers to.
//!
//! A `url(…)` without scheme or leading slash names a file relative to the style sheet it stands in; that file goes
//! into the site under a hashed name. All other URLs stay as they are.

use std::{fs, path::Path};

use lightningcss::{
    bundler::{Bundler, FileProvider},
    dependencies::{Dependency, DependencyOptions, UrlDependency},
    stylesheet::{MinifyOptions, ParserOptions, PrinterOptions},
};

use crate::{
    error::Error,
    site::{Hashed, Site},
};

/// The finished style sheet.
#[derive(Debug)]
pub(crate) struct Style {
    pub(crate) text: String,
    /// The fonts that it loads, for pages to preload.
    pub(crate) fonts: Vec<Hashed>,
}

/// Bundles `entry` and everything it imports; adds what it refers to to the site.
pub(crate) fn bundle(entry: &Path, site: &mut Site) -> Result<Style, Error> {
    let failed = |reason: String| Error::Style { reason };
    let files = FileProvider::new();
    let mut sheet = Bundler::new(&files, None, ParserOptions::default())
        .bundle(entry)
        .map_err(|error| failed(error.to_string()))?;
    sheet
        .minify(MinifyOptions::default())
        .map_err(|error| failed(error.to_string()))?;
    let options = PrinterOptions {
        minify: true,
        analyze_dependencies: Some(DependencyOptions::default()),
        ..PrinterOptions::default()
    };
    let printed = sheet
        .to_css(options)
        .map_err(|error| failed(error.to_string()))?;

    let mut style = Style {
        text: printed.code,
        fonts: Vec::new(),
    };
    for dependency in printed.dependencies.into_iter().flatten() {
        if let Dependency::Url(url) = dependency {
            style.place(&url, site)?;
        }
    }
    Ok(style)
}

impl Style {
    /// Puts the right URL where the printer left a placeholder.
    fn place(&mut self, url: &UrlDependency, site: &mut Site) -> Result<(), Error> {
        let target = if is_local_file(&url.url) {
            let asset = add_asset(url, site)?;
            let name = asset.name.clone();
            if is_font(&name) && !self.fonts.iter().any(|font| font.name == name) {
                self.fonts.push(asset);
            }
            name
        } else {
            url.url.clone()
        };
        let quoted = target.replace('\\', "\\\\").replace('"', "\\\"");
        self.text = self.text.replace(
            &format!("url(\"{}\")", url.placeholder),
            &format!("url(\"{quoted}\")"),
        );
        Ok(())
    }
}

fn add_asset(url: &UrlDependency, site: &mut Site) -> Result<Hashed, Error> {
    let style = Path::new(&url.loc.file_path);
    let path = style.parent().unwrap_or(Path::new("")).join(&url.url);
    let content = fs::read(&path).map_err(|source| Error::Asset {
        style: style.display().to_string(),
        url: url.url.clone(),
        source,
    })?;
    let part =
        |part: Option<&std::ffi::OsStr>| part.unwrap_or_default().to_string_lossy().into_owned();
    site.add_hashed(&part(path.file_stem()), &part(path.extension()), &content)
}

/// Neither `data:…`, `https://…`, `/absolute` nor `#fragment`.
fn is_local_file(url: &str) -> bool {
    !url.starts_with(['/', '#']) && !url.contains(':')
}

fn is_font(name: &str) -> bool {
    Path::new(name)
        .extension()
        .is_some_and(|kind| kind == "woff2")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_folder::TestFolder;

    fn bundled(folder: &TestFolder) -> Result<Style, Error> {
        let mut site = Site::new(&folder.path().join("site"), false);
        bundle(&folder.path().join("main.css"), &mut site)
    }

    #[test]
    fn imports_end_up_in_one_minified_sheet() {
        let folder = TestFolder::new("imports");
        folder.write(
            "main.css",
            "@layer base, page; @import 'base.css' layer(base);",
        );
        folder.write(
            "base.css",
            "body { margin : 0px; color: light-dark(#fff, #000) }",
        );

        assert_eq!(
            bundled(&folder).unwrap().text,
            "@layer base{body{color:light-dark(#fff,#000);margin:0}}@layer page;"
        );
    }

    #[test]
    fn fonts_get_hashed_names_and_are_listed() {
        let folder = TestFolder::new("fonts");
        folder.write("main.css", "@import 'type/fonts.css';");
        folder.write(
            "type/fonts.css",
            "@font-face { font-family: F; src: url('f.woff2') }",
        );
        folder.write("type/f.woff2", "a font");

        let style = bundled(&folder).unwrap();

        let name = &style.fonts[0].name;
        assert!(
            style.text.contains(&format!("url(\"{name}\")")),
            "{}",
            style.text
        );
        assert!(folder.path().join("site/pkg").join(name).exists());
    }

    #[test]
    fn other_urls_stay_as_they_are() {
        let folder = TestFolder::new("urls");
        folder.write(
            "main.css",
            "a { background: url(/x.svg), url(\"data:image/png,x'y\") }",
        );

        let text = bundled(&folder).unwrap().text;

        assert!(
            text.contains(r#"url("/x.svg")"#) && text.contains(r#"url("data:image/png,x'y")"#),
            "{text}"
        );
    }

    #[test]
    fn missing_file_is_named_with_the_sheet_that_wants_it() {
        let folder = TestFolder::new("missing");
        folder.write("main.css", "a { background: url(gone.svg) }");

        let error = bundled(&folder).unwrap_err().to_string();

        assert!(error.contains("main.css refers to gone.svg"), "{error}");
    }

    #[test]
    fn mistake_in_a_sheet_is_an_error() {
        let folder = TestFolder::new("mistake");
        folder.write("main.css", "@import 'gone.css';");

        assert!(matches!(bundled(&folder), Err(Error::Style { .. })));
    }
}
