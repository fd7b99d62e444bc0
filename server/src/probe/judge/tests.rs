//! Every fault of an upstream or a gateway is distinguished from correct behaviour.

use app::domain::{
    RequestId, SupportSessionId, TenantId, Timestamp,
    access_log::{AccessLogEntry, Refusal, RequestOutcome},
};
use bytes::Bytes;
use gateway::{GatewayConfig, canonical::CanonicalTarget};

use super::*;
use crate::probe::plan::Subject;

fn subject(tenant: &str, canary: &str) -> Subject {
    Subject {
        tenant: tenant.parse::<TenantId>().unwrap(),
        target: CanonicalTarget::parse(format!("/v1/{tenant}").as_bytes()).unwrap(),
        canary: canary.to_owned(),
    }
}

fn rules(binding: &str) -> RuleSet {
    let text = format!(
        "listen = \"127.0.0.1:1\"\npublic_url = \"http://127.0.0.1:1\"\nupstream = \"http://127.0.0.1:2\"\n{binding}"
    );
    let config: GatewayConfig = toml::from_str(&text).unwrap();
    config.rule_source(&[]).unwrap().compile().unwrap()
}

fn path() -> RuleSet {
    rules("tenant_binding = \"path\"\nroutes = [\"/v1/{tenant_id}\"]")
}

fn identity() -> RuleSet {
    rules("tenant_binding = \"identity\"")
}

fn record(outcome: RequestOutcome, refusal: Option<Refusal>) -> AccessLogEntry {
    AccessLogEntry {
        request_id: RequestId::from_uuid(uuid::Uuid::nil()),
        support_session_id: SupportSessionId::from_uuid(uuid::Uuid::nil()),
        seq: 1,
        method: "GET".into(),
        path: "/".into(),
        query: None,
        status: None,
        outcome,
        refusal,
        ip: String::new(),
        user_agent: String::new(),
        at: Timestamp::UNIX_EPOCH,
        duration_ms: None,
        request_bytes: None,
        response_bytes: None,
        scope: None,
        upgrade: None,
        profile: None,
        reported_at: None,
    }
}

fn answer(status: u16, body: &'static str) -> Answer {
    Answer {
        status,
        request_id: None,
        coding: None,
        body: Bytes::from_static(body.as_bytes()),
    }
}

/// An answer of the upstream.
fn served(status: u16, body: &'static str) -> Seen {
    Seen::Answered {
        answer: answer(status, body),
        record: Some(Box::new(record(RequestOutcome::Open, None))),
    }
}

fn refused(refusal: Refusal) -> Seen {
    Seen::Answered {
        answer: answer(refusal.status(), "{}"),
        record: Some(Box::new(record(RequestOutcome::Refused, Some(refusal)))),
    }
}

fn found(ask: &Ask, rules: &RuleSet, seen: &Seen) -> Finding {
    let (own, other) = (subject("acme", "Heron Ltd"), subject("bolt", "Kestrel Inc"));
    let between = Between {
        own: &own,
        other: &other,
    };
    judge(ask, &between, rules, seen)
}

#[test]
fn what_a_good_gateway_and_upstream_answer_passes() {
    for (ask, rules, seen) in [
        (Ask::Own, path(), served(200, "{\"name\": \"heron ltd\"}")),
        (Ask::OurFields, path(), served(200, "Heron Ltd")),
        (Ask::OthersPath, path(), refused(Refusal::WrongTenant)),
        (Ask::OthersPath, identity(), served(404, "not found")),
        (Ask::OthersPath, identity(), served(200, "Heron Ltd")),
        (
            Ask::Parameter("t".into()),
            identity(),
            refused(Refusal::WrongTenant),
        ),
        (
            Ask::OthersHost("b".into()),
            identity(),
            refused(Refusal::WrongHost),
        ),
    ] {
        let finding = found(&ask, &rules, &seen);
        assert!(finding.passed, "{finding:?}");
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a list of cases")]
fn everything_else_fails_and_says_what_to_change() {
    let compressed = Seen::Answered {
        answer: Answer {
            coding: Some("gzip".into()),
            ..answer(200, "")
        },
        record: Some(Box::new(record(RequestOutcome::Open, None))),
    };
    let stranger = |status| Seen::Answered {
        answer: answer(status, "Heron Ltd"),
        record: None,
    };
    for (ask, rules, seen, part) in [
        (
            Ask::Own,
            path(),
            served(200, "Heron Ltd, KESTREL INC"),
            "LEAK",
        ),
        (
            Ask::OthersPath,
            identity(),
            served(404, "no Kestrel Inc here"),
            "LEAK",
        ),
        (
            Ask::Own,
            path(),
            served(200, "Gull Plc"),
            "doesn't contain acme's canary",
        ),
        (
            Ask::Own,
            path(),
            served(404, "not found"),
            "the upstream answers 404",
        ),
        (
            Ask::Own,
            path(),
            served(502, ""),
            "no response from the upstream",
        ),
        (
            Ask::Own,
            path(),
            refused(Refusal::OutOfScope),
            "the gateway refuses it: out_of_scope",
        ),
        (Ask::Own, path(), compressed, "compressed (gzip)"),
        (
            Ask::Own,
            path(),
            stranger(401),
            "doesn't know the support session",
        ),
        (Ask::Own, path(), stranger(503), "refuses all requests"),
        (Ask::Own, path(), stranger(200), "nothing was recorded"),
        (
            Ask::Own,
            path(),
            Seen::Nothing(Unanswered::Late),
            "no response in time",
        ),
        (Ask::OthersPath, path(), served(404, ""), "allowed it (404)"),
        (
            Ask::OthersPath,
            path(),
            refused(Refusal::RateLimited),
            "another reason",
        ),
        (
            Ask::OthersPath,
            identity(),
            served(500, ""),
            "fails with 500",
        ),
        (
            Ask::OthersPath,
            identity(),
            refused(Refusal::OutOfScope),
            "another reason",
        ),
        (
            Ask::Parameter("t".into()),
            identity(),
            served(200, "Heron Ltd"),
            "allowed it (200)",
        ),
        (
            Ask::OurFields,
            identity(),
            served(403, ""),
            "the upstream answers 403",
        ),
    ] {
        let finding = found(&ask, &rules, &seen);
        assert!(!finding.passed, "{ask:?} {finding:?}");
        assert!(finding.said.contains(part), "{part}: {}", finding.said);
    }
}

#[test]
fn every_way_that_the_rules_know_of_is_tried() {
    let (own, other) = (subject("acme", "Heron Ltd"), subject("bolt", "Kestrel Inc"));
    let between = Between {
        own: &own,
        other: &other,
    };
    let rules = rules(
        "tenant_binding = \"host\"\ntenant_host = \"{tenant_id}.api.example.com\"\n\
         [selectors]\nquery = [\"tenant\"]\nheaders = [\"x-tenant\"]",
    );
    let asked = Ask::all(&rules, &between);
    let sentences: Vec<String> = asked.iter().map(|ask| ask.sentence(&between)).collect();
    assert_eq!(
        sentences,
        [
            "acme requests its own /v1/acme",
            "acme requests bolt's /v1/bolt",
            "acme requests at bolt's host bolt.api.example.com",
            "acme names bolt in the gateway's own headers",
            "acme names bolt in the query parameter tenant",
            "acme names bolt in the header x-tenant",
        ]
    );
    let requests: Vec<_> = asked.iter().map(|ask| ask.request(&between)).collect();
    assert_eq!(requests[1].target, "/v1/bolt");
    assert_eq!(requests[2].host.as_deref(), Some("bolt.api.example.com"));
    assert_eq!(requests[3].headers["support-tenant"], "bolt");
    assert_eq!(requests[4].target, "/v1/acme?tenant=bolt");
    assert_eq!(requests[5].headers["x-tenant"], "bolt");
}
