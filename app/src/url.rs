//! Paths within the console that come from outside it.

use crate::query::Query;

/// The path to sign in with, coming back to `next` afterwards.
pub fn sign_in(next: &str) -> String {
    let next = local_path(next).filter(|path| *path != "/");
    Query::default().with_some("next", next).of("/sign-in")
}

/// `path` if it leads to a page of this console: it begins with one slash, and neither it nor a
/// browser's reading of it names another host. Other paths would make sign-in an open redirect.
pub fn local_path(path: &str) -> Option<&str> {
    let rest = path.strip_prefix('/')?;
    let local = !rest.starts_with(['/', '\\'])
        && !path.chars().any(char::is_control)
        && !path.contains('\\')
        && !path.starts_with("/sign-in");
    local.then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_this_console_are_local() {
        for bad in [
            "",
            "support",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "/a\nb",
            "/a\\b",
            "/sign-in?next=/sign-in",
        ] {
            assert_eq!(local_path(bad), None, "{bad:?}");
        }
        assert_eq!(local_path("/support?q=1"), Some("/support?q=1"));
        assert_eq!(sign_in("/support?q=1"), "/sign-in?next=%2Fsupport%3Fq%3D1");
        assert_eq!(sign_in("//evil.example"), "/sign-in");
    }
}
