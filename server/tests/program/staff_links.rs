//! `support-console staff invite` and `staff link`, beside the running server.

use crate::support::{people::PASSWORD, prelude::*};

const EMAIL: &str = "nia@example.com";

/// The code of a link that was printed. It is behind the `#`, which browsers send to no server.
fn code(program: &Program, printed: &str) -> String {
    let link = printed.lines().next_back().expect("a link");
    let (page, code) = link.split_once('#').expect("a fragment");
    assert_eq!(page, format!("{}/set-password", program.public_url()));
    assert!(printed.contains(EMAIL), "{printed}");
    code.to_owned()
}

/// Chooses a password with a code, in the form that the link leads to.
async fn choose(program: &Program, code: &str) -> String {
    let fields = [("code", code), ("new", PASSWORD), ("repeat", PASSWORD)];
    let browser = StaffSession::none(program);
    browser.submit("/forms/set-password", &fields).await
}

#[tokio::test]
async fn a_link_of_the_command_line_is_replaced_by_the_next_and_works_once() {
    let upstream = Upstream::start().await;
    let program = Program::start(upstream.address, BY_PATH).await;
    let invite = ["staff", "invite", "--email", EMAIL, "--name", "Nia"];
    let invite = [&invite[..], &["--role", "support_admin"]].concat();
    let first = code(&program, &program.run(&invite, "").await);
    let link = ["staff", "link", EMAIL];
    let second = code(&program, &program.run(&link, "").await);
    assert_ne!(first, second);

    let refused = "303 /set-password invalid_input";
    assert_eq!(choose(&program, &first).await, refused, "it was replaced");
    assert!(Staff::signing_in(&program, EMAIL).await.is_none());
    let chosen = choose(&program, &second).await;
    assert!(chosen.starts_with("303 /sign-in "), "{chosen}");
    assert!(Staff::signing_in(&program, EMAIL).await.is_some());
    // Sent again from the same place, it says that it was done before.
    assert_eq!(choose(&program, &second).await, "303 /sign-in conflict");

    // A link for someone who has a password ends it at once.
    let third = code(&program, &program.run(&link, "").await);
    assert!(Staff::signing_in(&program, EMAIL).await.is_none());
    let revoke = ["staff", "revoke-link", EMAIL];
    program.run(&revoke, "").await;
    assert_eq!(choose(&program, &third).await, refused, "it was revoked");
}
