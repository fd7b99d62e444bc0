//! `support-console api-key`, beside the running server.

use reqwest::StatusCode;

use crate::support::prelude::*;

async fn status(program: &Program, key: &str) -> StatusCode {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let tenants = format!("http://{}/api/v1/tenants", program.console);
    let answer = client.get(tenants).header("x-api-key", key.trim());
    answer.send().await.unwrap().status()
}

#[tokio::test]
async fn a_key_made_rotated_and_restricted_on_the_command_line_works_as_the_list_says() {
    let upstream = Upstream::start().await;
    let program = Program::start(upstream.address, BY_PATH).await;
    let create = ["api-key", "create", "--name"];
    let run = async |words: &[&str]| program.run(words, "").await;
    let here = [
        &create[..],
        &["here", "--allow", "127.0.0.1", "--expires-in-days", "30"],
    ]
    .concat();
    let here = run(&here).await;
    let elsewhere = [&create[..], &["elsewhere", "--allow", "203.0.113.0/24"]].concat();
    let elsewhere = run(&elsewhere).await;
    assert_eq!(status(&program, &here).await, StatusCode::OK);
    assert_eq!(status(&program, &elsewhere).await, StatusCode::FORBIDDEN);

    let list = run(&["api-key", "list"]).await;
    let line = |name: &str| list.lines().find(|line| line.starts_with(name)).unwrap();
    assert!(line("here").contains("active until"), "{list}");
    assert!(line("here").contains("127.0.0.1"), "{list}");
    assert!(line("elsewhere").contains("never"), "{list}");
    assert!(line("here").contains("(command line)"), "{list}");

    let id = line("here").split_whitespace().last().unwrap().to_owned();
    let second = run(&["api-key", "rotate", &id, "--overlap-hours", "1"]).await;
    for key in [&here, &second] {
        assert_eq!(status(&program, key).await, StatusCode::OK);
    }
    let third = run(&["api-key", "rotate", &id, "--overlap-hours", "0"]).await;
    for (key, expected) in [
        (&here, StatusCode::UNAUTHORIZED),
        (&second, StatusCode::UNAUTHORIZED),
        (&third, StatusCode::OK),
    ] {
        assert_eq!(status(&program, key).await, expected);
    }
    let list = run(&["api-key", "list"]).await;
    assert!(list.contains("active until"), "it keeps its expiry: {list}");
    let words = ["api-key", "rotate", id.as_str(), "--overlap-hours", "0"];
    let third = run(&[&words[..], &["--never-expires"]].concat()).await;
    let list = run(&["api-key", "list"]).await;
    assert!(!list.contains("active until"), "{list}");
    run(&["api-key", "revoke", &id]).await;
    assert_eq!(status(&program, &third).await, StatusCode::UNAUTHORIZED);
}
