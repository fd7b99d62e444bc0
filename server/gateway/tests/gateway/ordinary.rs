//! Ordinary programs, pages and links, and the attacks that could become possible when these pass.

mod absolute;
mod fields;
mod pages;
mod paths;
mod refusals;

use crate::{
    browser::{Entry, SAME_ORIGIN, wanted},
    support::{Wanted, client::Answer},
};

const TENANT: &str = "/v1/tenants/acme";

/// A rig whose upstream goes by our fields, with rules for `read_only`.
fn by_identity(rules: &'static str) -> Wanted {
    Wanted {
        binding: "identity",
        more_scopes: rules,
        ..wanted()
    }
}

/// A request from a page of a session's host.
async fn from_page(entry: &Entry, line: &str, more: &str) -> Answer {
    let cookie = entry.cookie();
    let fields = format!("{SAME_ORIGIN}Cookie: {cookie}\r\n{more}");
    entry.ask(line, &fields).await
}

const FILES: &str = r#"
    [[scopes]]
    name = "read_only"
    allow = [
        { methods = ["GET"], paths = ["/files/**", "/one/{name}", "/exact", "/app/**"] },
        { methods = ["POST"], paths = ["/app/**"] },
    ]
    deny = [{ methods = ["GET"], paths = ["/files/{year}/exports", "/app/secret"] }]
"#;

fn files() -> Wanted {
    Wanted {
        scopes: &["read_only"],
        ..by_identity(FILES)
    }
}
