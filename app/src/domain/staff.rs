//! Staff members and their roles.

mod link;
mod list;
mod manage;

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};
use serde::{Deserialize, Serialize};

use super::{
    StaffId,
    problem::{FieldProblems, Problem},
    text::clean,
};

pub use link::*;
pub use list::*;
pub use manage::*;

/// The shortest password, in characters (NIST SP 800-63B-4 asks for at least 15 without a second factor).
pub const PASSWORD_MIN: usize = 15;
/// The longest e-mail address, in characters.
pub const EMAIL_MAX: usize = 254;
/// The longest password, in characters.
pub const PASSWORD_MAX: usize = 256;

text_enum! {
    /// A staff member's permissions.
    pub enum Role {
        /// Sees tenant health and uses support sessions.
        SupportAdmin = "support_admin" as "Support admin",
        /// Everything, and the only one that revokes others' support sessions.
        SuperAdmin = "super_admin" as "Super admin",
    }
}

/// A person who works for the platform.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StaffMember {
    /// The identifier, shown as "Platform user ID".
    pub id: StaffId,
    /// The address to sign in with.
    pub email: String,
    /// The name that people read.
    pub name: String,
    /// Sorted and without duplicates. May be empty.
    pub roles: Vec<Role>,
    /// Whether access has been withdrawn.
    pub deactivated_at: Option<DateTime<Utc>>,
    /// When the account was created.
    pub created_at: DateTime<Utc>,
}

impl StaffMember {
    /// Whether the person may open the console: not deactivated, and with either role.
    pub fn may_enter(&self) -> bool {
        self.deactivated_at.is_none() && !self.roles.is_empty()
    }
}

/// A staff member as an option in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaffRef {
    /// The staff member's ID, made by our server.
    pub id: StaffId,
    /// The name shown to others.
    pub name: String,
}

/// The input for adding a staff member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewStaffMember {
    /// 3–254 characters with one `@`, stored as [`parse_email`] gives it.
    pub email: String,
    /// The name shown to others, 1–100 characters.
    pub name: String,
    /// May be empty: the person can sign in, but only sees the page that says so.
    pub roles: Vec<Role>,
}

impl NewStaffMember {
    /// The same with cleaned texts, or every field that is not as it must be.
    pub fn validated(self) -> Result<Self, Problem> {
        let mut problems = FieldProblems::default();
        let mut valid = Self {
            email: problems.checked("email", parse_new_email(&self.email)),
            name: problems.checked("name", clean(&self.name, 1, 100, false)),
            roles: self.roles,
        };
        problems.finish()?;
        valid.roles.sort();
        valid.roles.dedup();
        Ok(valid)
    }
}

/// An e-mail address in the one form in which it is kept and looked up: lower case, and the domain in ASCII. Browsers send
/// `bücher.example` as it is typed or as `xn--bcher-kva.example`, and both are the same domain (UTS #46, as in the URL Standard).
///
/// # Errors
///
/// What is wrong with it, to complete a sentence that names the field.
pub fn parse_email(text: &str) -> Result<String, String> {
    let text = clean(text, 3, EMAIL_MAX, false).map_err(|e| e.to_string())?;
    let (local, domain) = text.split_once('@').unwrap_or_default();
    if local.is_empty() || text.contains(' ') {
        return Err("must be an e-mail address".into());
    }
    // An address from before this rule is still found as it was written.
    let domain = match ascii_domain(domain) {
        Some(domain) => domain,
        None if domain.is_empty() || domain.contains('@') => {
            return Err("must be an e-mail address with a domain behind the @".into());
        }
        None => domain.to_lowercase(),
    };
    let address = format!("{}@{domain}", local.to_lowercase());
    match address.len() > EMAIL_MAX {
        true => Err(format!("must have at most {EMAIL_MAX} characters")),
        false => Ok(address),
    }
}

/// A domain as the URL Standard writes it, if it is one.
fn ascii_domain(domain: &str) -> Option<String> {
    let (deny, length) = (AsciiDenyList::URL, DnsLength::Verify);
    let domain = Uts46::new().to_ascii(domain.as_bytes(), deny, Hyphens::Allow, length);
    domain.ok().map(Cow::into_owned)
}

/// What UTS #46 calls deviations: some browsers write them in another way, or leave them out, and so name another domain.
const DEVIATIONS: [(char, &str); 5] = [
    ('ß', "ss"),
    ('ẞ', "ss"),
    ('ς', "σ"),
    ('\u{200C}', ""),
    ('\u{200D}', ""),
];

/// A domain without deviations: what Chromium sends for it (transitional processing).
fn without_deviations(domain: &str) -> String {
    let plain = DEVIATIONS.iter();
    plain.fold(domain.to_owned(), |domain, (c, plain)| {
        domain.replace(*c, plain)
    })
}

/// A kept address as it arrives from every browser, whatever its owner types. Two accounts must not have the same.
pub fn email_from_browsers(address: &str) -> Cow<'_, str> {
    let Some((local, domain)) = address.rsplit_once('@') else {
        return address.into();
    };
    let (typed, _) = Uts46::new().to_unicode(domain.as_bytes(), AsciiDenyList::URL, Hyphens::Allow);
    match ascii_domain(&without_deviations(&typed)) {
        Some(sent) if sent != domain => format!("{local}@{sent}").into(),
        _ => address.into(),
    }
}

/// The e-mail address of a new account: one that browsers accept in their field for e-mail addresses, since its owner has to
/// type it there (HTML Standard, 4.10.5.1.5), and that all of them send alike.
///
/// # Errors
///
/// As [`parse_email`], and the character that browsers refuse.
pub fn parse_new_email(text: &str) -> Result<String, String> {
    let address = parse_email(text)?;
    let (local, domain) = address.split_once('@').unwrap_or_default();
    if ascii_domain(domain).is_none() {
        return Err("must be an e-mail address with a domain behind the @".into());
    }
    let typed = clean(text, 3, EMAIL_MAX, false).unwrap_or_default();
    let (_, typed) = typed.split_once('@').unwrap_or_default();
    let plain = without_deviations(typed);
    if plain != typed {
        let other = ascii_domain(&plain).unwrap_or(plain);
        return Err(format!(
            "must have {domain} as its domain, and its owner has to type that at the sign-in: \
             some browsers send {other} for {typed}"
        ));
    }
    let signs = ".!#$%&'*+/=?^_`{|}~-";
    let is_unfit = |c: &char| !c.is_ascii_alphanumeric() && !signs.contains(*c);
    if let Some(unfit) = local.chars().find(is_unfit) {
        return Err(format!(
            "must not contain \"{unfit}\" before the @: browsers refuse it in the sign-in form. \
             Letters a–z, digits and {signs} are allowed there"
        ));
    }
    let is_label = |label: &str| {
        let plain = label
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-');
        plain && !label.starts_with('-') && !label.ends_with('-')
    };
    if domain.split('.').all(is_label) {
        Ok(address)
    } else {
        Err(
            "must have a domain of letters, digits and inner hyphens: browsers refuse others"
                .into(),
        )
    }
}

/// Whether a password may be chosen. `email` and `name` must not be it.
pub fn check_new_password(password: &str, email: &str) -> Result<(), String> {
    let length = password.chars().count();
    if length < PASSWORD_MIN {
        return Err(format!(
            "must have at least {PASSWORD_MIN} characters; try a few random words"
        ));
    }
    if length > PASSWORD_MAX {
        return Err(format!("must have at most {PASSWORD_MAX} characters"));
    }
    if !email.is_empty() && password.to_lowercase().contains(&email.to_lowercase()) {
        return Err("must not contain the e-mail address".into());
    }
    let first = password.chars().next();
    if password.chars().all(|c| Some(c) == first) {
        return Err("must not be one character repeated".into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_one_form_however_its_domain_is_typed() {
        for typed in [
            "ana@bücher.example",
            "ANA@BÜCHER.example",
            "ana@xn--bcher-kva.example",
            "ana@bu\u{308}cher.example",
            " ana@bücher。example ",
            "ana@bü\u{200B}cher.example",
        ] {
            let kept = Ok("ana@xn--bcher-kva.example".to_owned());
            assert_eq!(parse_email(typed), kept, "{typed}");
            assert_eq!(parse_new_email(typed), kept, "{typed}");
        }
    }

    #[test]
    fn a_domain_that_browsers_send_in_two_ways_is_taken_only_in_ascii() {
        for (typed, ascii, other) in [
            ("faß.example", "xn--fa-hia.example", "fass.example"),
            ("FAẞ.example", "xn--fa-hia.example", "fass.example"),
            (
                "λόγος.example",
                "xn--oxapnm1c.example",
                "xn--oxapnq6b.example",
            ),
            (
                "نامه\u{200C}ای.example",
                "xn--mgba3gch31f060k.example",
                "xn--mgba3gch31f.example",
            ),
            (
                "ශ්\u{200D}රී.example",
                "xn--10cl1a0b660p.example",
                "xn--10cl1a0b.example",
            ),
        ] {
            let refused = parse_new_email(&format!("a@{typed}")).unwrap_err();
            assert!(refused.contains(ascii), "{typed}: {refused}");
            assert!(refused.contains(other), "{typed}: {refused}");
            let kept = parse_new_email(&format!("a@{ascii}")).unwrap();
            assert_eq!(kept, format!("a@{ascii}"));
            assert_eq!(parse_email(&kept).as_deref(), Ok(kept.as_str()));
            assert_ne!(email_from_browsers(&kept), kept, "{typed}");
        }
        for same in [
            "a@fass.example",
            "a@xn--bcher-kva.example",
            "josé@example.com",
            "a@xn--a",
            "a",
        ] {
            assert_eq!(email_from_browsers(same), same);
        }
        let sent = email_from_browsers("a@xn--fa-hia.example");
        assert_eq!(sent, "a@fass.example");
    }

    #[test]
    fn what_browsers_refuse_is_no_address_of_a_new_account() {
        for (typed, why) in [
            ("josé@example.com", "\"é\""),
            ("a(b@example.com", "\"(\""),
            ("a\"b@example.com", "\"\"\""),
            ("a@exa_mple.com", "domain of letters"),
            ("a@-example.com", "domain of letters"),
            ("a@example.com.", "domain behind the @"),
            ("a@[192.0.2.1]", "domain behind the @"),
            ("a@b@example.com", "domain behind the @"),
            ("a b@example.com", "must be an e-mail address"),
            ("@example.com", "must be an e-mail address"),
            ("example.com", "must be an e-mail address"),
        ] {
            let refused = parse_new_email(typed);
            assert!(
                refused.as_ref().is_err_and(|e| e.contains(why)),
                "{typed}: {refused:?}"
            );
        }
        let long = format!("a@{}.example", "ü".repeat(60));
        assert!(
            parse_new_email(&long).is_err(),
            "a label has at most 63 characters"
        );
        // Accounts from before this rule are still found.
        for old in [
            "josé@example.com",
            "a@[192.0.2.1]",
            "a@example.com.",
            "a@xn--a",
        ] {
            assert_eq!(parse_email(&old.to_uppercase()).as_deref(), Ok(old));
        }
        assert!(parse_new_email("ana.o'neil+support@example.com").is_ok());
    }
}
