//! Several upstreams behind one gateway.

use app::domain::access_log::Refusal;

use crate::support::{Rig, Wanted, upstream::Upstream};

const OWN: &str = "/v1/tenants/acme";

/// Upstreams for everything, for invoices, for one invoice, and for another host.
async fn rig() -> (Rig, [Upstream; 4]) {
    let all = [
        Upstream::start().await,
        Upstream::start().await,
        Upstream::start().await,
        Upstream::start().await,
    ];
    let table = |name: &str, upstream: &Upstream, more: &str| {
        format!(
            "[[upstreams]]\nname = \"{name}\"\nurl = \"http://{}\"\n\
             authorization = \"Bearer of-{name}\"\n{more}\n",
            upstream.address
        )
    };
    let tables = [
        table("rest", &all[0], "path_prefix = \"/v1/tenants/acme\""),
        table(
            "invoices",
            &all[1],
            "path_prefix = \"/v1/tenants/acme/invoices\"",
        ),
        table(
            "seven",
            &all[2],
            "path_prefix = \"/v1/tenants/acme/invoices/7\"",
        ),
        table("other", &all[3], "hosts = [\"other.example\"]"),
    ];
    let rig = Rig::before(
        all[0].clone(),
        Wanted {
            upstream: Some(String::new()),
            tables: tables.concat(),
            ..Wanted::default()
        },
    )
    .await;
    (rig, all)
}

#[tokio::test]
async fn the_longest_prefix_wins_and_it_is_not_taken_off() {
    let (rig, all) = rig().await;
    for (path, index, name) in [
        (OWN.to_owned(), 0, "rest"),
        (format!("{OWN}/invoices-2"), 0, "rest"),
        (format!("{OWN}/invoices"), 1, "invoices"),
        (format!("{OWN}/invoices/71"), 1, "invoices"),
        (format!("{OWN}/invoices/7"), 2, "seven"),
        (format!("{OWN}/invoices/7/lines?x=1"), 2, "seven"),
    ] {
        let before: Vec<_> = all.iter().map(Upstream::requests).collect();
        assert_eq!(rig.ask(&format!("GET {path}")).await.status, 200, "{path}");
        for (at, upstream) in all.iter().enumerate() {
            let more = usize::from(at == index);
            assert_eq!(upstream.requests(), before[at] + more, "{path} at {at}");
        }
        let sent = all[index].text();
        assert!(sent.contains(&format!("GET {path} HTTP/1.1\r\n")), "{sent}");
        assert!(sent.contains(&format!("host: {}\r\n", all[index].address)));
        assert!(sent.contains(&format!("authorization: Bearer of-{name}\r\n")));
        assert_eq!(sent.matches("Bearer of-").count(), all[index].requests());
    }
}

#[tokio::test]
async fn an_odd_path_goes_nowhere_if_its_readings_belong_to_two_upstreams() {
    let all = [Upstream::start().await, Upstream::start().await];
    let table = |name: &str, at: usize, more: &str| {
        format!(
            "[[upstreams]]\nname = \"{name}\"\nurl = \"http://{}\"\n{more}\n",
            all[at].address
        )
    };
    let rig = Rig::before(
        all[0].clone(),
        Wanted {
            binding: "identity",
            upstream: Some(String::new()),
            tables: table("rest", 0, "") + &table("billing", 1, "path_prefix = \"/v1/billing\""),
            more_scopes: "[[scopes]]\nname = \"all\"\ndescription = \"Reads all.\"\nallow = [{ methods = [\"GET\"], paths = [\"/**\"] }]",
            scopes: &["all"],
            ..Wanted::default()
        },
    )
    .await;
    for path in [
        "/v1%2Fbilling/x",
        "/v1/billing;x/y",
        "/v1//billing",
        "//h/v1/billing/x",
        "/v1/bill%ing/x",
        "/v1/bil%7Fling/x",
        "/v1/bil%FFling/x",
        "/v1%C0%AFbilling/x",
    ] {
        let answer = rig.ask(&format!("GET {path}")).await;
        let found = (answer.status, answer.code());
        assert_eq!(found, (400, "ambiguous_path".to_owned()), "{path}");
    }
    assert_eq!(all.each_ref().map(Upstream::requests), [0, 0]);
    assert_eq!(rig.ask("GET /v1/billing/a%2Fb").await.status, 200);
    assert_eq!(all.each_ref().map(Upstream::requests), [0, 1]);
}

#[tokio::test]
async fn a_host_of_its_own_goes_before_any_path() {
    let (rig, all) = rig().await;
    let head = rig.head(&format!("GET {OWN}/invoices/7"));
    let head = head.replace(&rig.address.to_string(), "Other.example");
    assert_eq!(rig.raw(&format!("{head}\r\n")).await.status, 200);
    assert_eq!(all[3].requests(), 1);
    assert!(!all[3].text().to_lowercase().contains("other.example"));
}

#[tokio::test]
async fn what_no_upstream_serves_is_refused_and_recorded() {
    let (rig, all) = rig().await;
    let rig_of_identity = Rig::before(
        all[0].clone(),
        Wanted {
            binding: "identity",
            upstream: Some(String::new()),
            tables: format!(
                "[[upstreams]]\nname = \"a\"\nurl = \"http://{}\"\npath_prefix = \"/v1/a\"\n",
                all[0].address
            ),
            ..Wanted::default()
        },
    )
    .await;
    for path in ["/", "/v1", "/v1/b", "/v1/ab", "/v1/A"] {
        let answer = rig_of_identity.ask(&format!("GET {path}")).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (404, "no_upstream"),
            "{path}"
        );
    }
    assert_eq!(all[0].bytes(), 0);
    let refused = rig_of_identity.store.refused();
    assert_eq!(refused.len(), 5);
    assert!(refused.iter().all(|r| r.refusal == Refusal::NoUpstream));
    drop(rig);
}
