//! Entries of lists that stand for all fields whose names begin alike.

use http::HeaderName;

use super::{asks::may_be_ours, passing::is_unsafe};

/// Fields whose names begin alike, as `x-amz-meta-*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Family(Box<str>);

impl Family {
    /// The family that an entry of a list names.
    pub(crate) fn named(entry: &HeaderName) -> Option<Self> {
        let begin = entry.as_str().strip_suffix('*')?;
        Some(Self(begin.into()))
    }

    /// Whether its names begin with two words at least, so that nothing else has such names.
    pub(crate) fn is_narrow(&self) -> bool {
        self.0.ends_with('-') && self.0.matches('-').count() >= 2
    }

    /// Whether a field is one of it and may pass, also as CGI-like upstreams read it (RFC 3875 §4.1.18).
    pub(super) fn has(&self, name: &HeaderName) -> bool {
        let text = name.as_str();
        let is_one = text.len() > self.0.len() && text.starts_with(&*self.0);
        let read_as = || text.replace(|c: char| !c.is_ascii_alphanumeric(), "-");
        let is_safe = |name: String| name.parse().is_ok_and(|name: HeaderName| !is_unsafe(&name));
        is_one && !may_be_ours(name) && is_safe(read_as())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_has_what_begins_with_its_words_and_is_safe() {
        let family = Family::named(&HeaderName::from_static("x-amz-meta-*")).unwrap();
        assert!(family.is_narrow());
        for (name, expected) in [
            ("x-amz-meta-a", true),
            ("x-amz-meta-a_b.c", true),
            ("x-amz-meta-", false),
            ("x-amz-metadata-directive", false),
            ("x-amz_meta-a", false),
            ("x-amz-meta-copy_source", false),
            ("x-amz-meta-support_tenant", false),
        ] {
            let name = HeaderName::from_static(name);
            assert_eq!(family.has(&name), expected, "{name}");
        }
        for (wide, expected) in [
            ("*", false),
            ("x-*", false),
            ("x-a*", false),
            ("x-a-*", true),
        ] {
            let family = Family::named(&HeaderName::from_static(wide)).unwrap();
            assert_eq!(family.is_narrow(), expected, "{wide}");
        }
        assert_eq!(Family::named(&HeaderName::from_static("x-a")), None);
        // Even a list that names it lets nothing unsafe pass.
        let family = Family::named(&HeaderName::from_static("x-forwarded-*")).unwrap();
        assert!(!family.has(&HeaderName::from_static("x-forwarded-host")));
    }
}
