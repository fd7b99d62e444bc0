//! Odd request targets by each way in: the gateway's listener, a proxy's check, and the layer, over
//! HTTP/1.1 and HTTP/2. A target that is refused by one is refused by all, for the same reason.
//!
//! Only the gateway's listener knows how its upstream will read a target that has several readings,
//! because it sends these bytes itself. There some pass that are ambiguous anywhere else.

use app::domain::access_log::{ForwardAuthProfile, Refusal};
use http::{HeaderValue, Uri, header};

use super::rig::{self, Place, Rig as LayerRig};
use crate::{
    forward_auth::Checks,
    support::{Rig, Wanted, store::MemoryStore},
};

const RULES: &str = r#"
    [[scopes]]
    name = "read_only"
    allow = [{ methods = ["GET"], paths = ["/**"] }]
    deny = [{ methods = ["GET"], paths = ["/v1/exports/**"] }]
"#;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Passes,
    Refused(Refusal),
    /// Answered before anything was judged.
    NotHttp,
}

use Verdict::{NotHttp, Passes};
const DENIED: Verdict = Verdict::Refused(Refusal::OutOfScope);
const AMBIGUOUS: Verdict = Verdict::Refused(Refusal::AmbiguousPath);
const MALFORMED: Verdict = Verdict::Refused(Refusal::MalformedRequest);

/// Targets, with the verdict of the listener, and that of a check and of the layer.
const TABLE: &[(&str, Verdict, Verdict)] = &[
    // Ordinary ones.
    ("/v1/things", Passes, Passes),
    ("/v1/caf%C3%A9%20a", Passes, Passes),
    ("/v1/things(1)", Passes, Passes),
    ("/v1/things:download", Passes, Passes),
    // Denied, with anything after the word that some upstream reads as its end.
    ("/v1/exports", DENIED, DENIED),
    ("/v1/exports/", DENIED, DENIED),
    ("/v1/exports(1)", DENIED, DENIED),
    ("/v1/exports:download", DENIED, DENIED),
    ("/v1/exports~", DENIED, DENIED),
    ("/v1/exports@x", DENIED, DENIED),
    ("/v1/exports,1", DENIED, DENIED),
    ("/v1/exports=1", DENIED, DENIED),
    ("/v1/exports'", DENIED, DENIED),
    ("/v1/exports*", DENIED, DENIED),
    ("/v1/exports!", DENIED, DENIED),
    ("/v1/exports%26x", DENIED, DENIED),
    ("/v1/EXPORTS.csv", DENIED, DENIED),
    ("/v1/exports?x=%0A", DENIED, DENIED),
    // Dots.
    ("/v1/../v1/exports", AMBIGUOUS, AMBIGUOUS),
    ("/v1/%2e%2e/exports", AMBIGUOUS, AMBIGUOUS),
    ("/v1/%2E%2E/exports", AMBIGUOUS, AMBIGUOUS),
    ("/v1/./things", AMBIGUOUS, AMBIGUOUS),
    ("/v1/..;/things", AMBIGUOUS, AMBIGUOUS),
    // Slashes.
    ("/v1//things", Passes, AMBIGUOUS),
    ("//v1/things", Passes, AMBIGUOUS),
    ("/v1//exports", DENIED, AMBIGUOUS),
    ("//v1/exports", DENIED, AMBIGUOUS),
    ("//h/v1/exports", AMBIGUOUS, AMBIGUOUS),
    ("/v1/a%2Fb", Passes, AMBIGUOUS),
    ("/v1%2Fexports", AMBIGUOUS, AMBIGUOUS),
    // Only the listener corrects a spelling, because it sends these bytes itself.
    ("/v1/a%2fb", Passes, AMBIGUOUS),
    ("/v1/%7Euser", Passes, AMBIGUOUS),
    ("/v1/exports%2f7", DENIED, AMBIGUOUS),
    ("/v1/a%5Cb", Passes, AMBIGUOUS),
    ("/v1\\exports", AMBIGUOUS, AMBIGUOUS),
    // Parameters.
    ("/v1/a;v=1", Passes, AMBIGUOUS),
    ("/v1/exports;v=1", DENIED, AMBIGUOUS),
    ("/v1;x/exports", DENIED, AMBIGUOUS),
    ("/v1/a%3Bb", Passes, AMBIGUOUS),
    // Escapes.
    ("/v1/100%25", Passes, AMBIGUOUS),
    ("/v1/%2565xports", DENIED, AMBIGUOUS),
    ("/v1/%65xports", DENIED, AMBIGUOUS),
    ("/v1/50%", Passes, AMBIGUOUS),
    ("/v1/a%zz", Passes, AMBIGUOUS),
    ("/v1/a%u0041", Passes, AMBIGUOUS),
    ("/v1/ex%ports", AMBIGUOUS, AMBIGUOUS),
    ("/v1/ex%zzports", AMBIGUOUS, AMBIGUOUS),
    ("/v1/%u0065xports", AMBIGUOUS, AMBIGUOUS),
    ("/v1%%32fexports", AMBIGUOUS, AMBIGUOUS),
    ("/v1/a%00", AMBIGUOUS, AMBIGUOUS),
    ("/v1/exports%00", AMBIGUOUS, AMBIGUOUS),
    ("/v1/a%0Ab", AMBIGUOUS, AMBIGUOUS),
    ("/v1/a%7F", Passes, AMBIGUOUS),
    ("/v1/%09exports", DENIED, AMBIGUOUS),
    ("/v1/ex%7Fports", DENIED, AMBIGUOUS),
    ("/v1/a%FF", Passes, AMBIGUOUS),
    ("/v1/ex%FFports", DENIED, AMBIGUOUS),
    ("/v1/%C1%A5xports", AMBIGUOUS, AMBIGUOUS),
    ("/v1%C0%AFexports", AMBIGUOUS, AMBIGUOUS),
    ("/v1/exports%3Fx", DENIED, DENIED),
    ("/v1/exports%23x", DENIED, DENIED),
    // Other forms.
    ("*", AMBIGUOUS, AMBIGUOUS),
    ("http://other.example/v1/things", AMBIGUOUS, AMBIGUOUS),
    ("http://other.example/v1/exports", AMBIGUOUS, AMBIGUOUS),
    ("other.example:443", AMBIGUOUS, AMBIGUOUS),
    // Queries are data.
    ("/v1/things?x=%0A", Passes, Passes),
    ("/v1/things?x=%0D%0Ay:1", Passes, Passes),
    ("/v1/things?x=50%", Passes, Passes),
    ("/v1/things?x=%2F..%2Fexports", Passes, Passes),
    ("/v1/things?x=a;b//c/../d", Passes, Passes),
    ("/v1/things?x=%00", MALFORMED, MALFORMED),
    ("/v1/things?_method=DELETE", MALFORMED, MALFORMED),
];

/// What the store says of the one request that was made since it was last asked.
struct Told {
    begun: usize,
    refused: usize,
}

impl Told {
    const fn none() -> Self {
        Self {
            begun: 0,
            refused: 0,
        }
    }

    fn verdict(&mut self, store: &MemoryStore, target: &str) -> Verdict {
        let (begun, refused) = (store.begun(), store.refused());
        let verdict = match (begun.len() - self.begun, refused.len() - self.refused) {
            (0, 0) => NotHttp,
            (1, 0) => {
                let row = &begun[self.begun];
                let recorded = match &row.query {
                    Some(query) => format!("{}?{query}", row.path),
                    None => row.path.clone(),
                };
                let canonical = target.replace("%2f", "%2F").replace("%7E", "~");
                assert_eq!(recorded, canonical, "recorded byte for byte");
                Passes
            }
            (0, 1) => Verdict::Refused(refused[self.refused].refusal),
            more => panic!("{target}: {more:?} records"),
        };
        (self.begun, self.refused) = (begun.len(), refused.len());
        verdict
    }
}

fn wanted() -> Wanted {
    Wanted {
        binding: "identity",
        scopes: &["read_only"],
        more_scopes: RULES,
        ..Wanted::default()
    }
}

#[tokio::test]
async fn the_listener_judges_odd_targets() {
    let rig = Rig::with(wanted()).await;
    let mut told = Told::none();
    for (target, expected, _) in TABLE {
        let answer = rig.ask(&format!("GET {target}")).await;
        let verdict = told.verdict(&rig.store, target);
        assert_eq!(verdict, *expected, "{target}");
        assert_eq!(answer.status == 200, verdict == Passes, "{target}");
    }
    let passed = TABLE.iter().filter(|(_, listener, _)| *listener == Passes);
    assert_eq!(rig.upstream.requests(), passed.count());
}

#[tokio::test]
async fn a_check_of_each_proxy_judges_them_alike() {
    for profile in ForwardAuthProfile::ALL {
        let checks = Checks::with(*profile, wanted()).await;
        let mut told = Told::none();
        for (target, _, expected) in TABLE {
            let answer = checks.ask("GET", target).await;
            let verdict = told.verdict(&checks.rig.store, target);
            assert_eq!(verdict, *expected, "{profile} {target}");
            let status = if verdict == Passes { 200 } else { 403 };
            assert_eq!(answer.status, status, "{profile} {target}");
        }
        checks.rig.stop();
    }
}

#[tokio::test]
async fn the_layer_judges_them_alike_wherever_it_is() {
    for place in [Place::AroundRouters, Place::PassingOthersAroundRouters] {
        let rig = LayerRig::with(place, rig::reading_by(RULES)).await;
        let mut told = Told::none();
        for (target, _, expected) in TABLE {
            let answer = rig.ask(&format!("GET {target}")).await;
            let verdict = told.verdict(&rig.store, target);
            assert_eq!(verdict, *expected, "{place:?} {target}");
            // No route of the application matches what passes.
            assert_eq!(answer.status == 404, verdict == Passes, "{target}");
        }
        let authority = rig.address.to_string();
        for (target, _, expected) in TABLE {
            let Ok(path) = target.parse::<Uri>() else {
                continue;
            };
            if path.authority().is_some() || *target == "*" {
                continue;
            }
            let mut request = rig.in_http_2("GET", &authority, "/");
            let whole = format!("http://{authority}{target}");
            *request.uri_mut() = whole.parse().unwrap();
            rig.handed(request).await;
            let verdict = told.verdict(&rig.store, target);
            assert_eq!(verdict, *expected, "{place:?} in HTTP/2 {target}");
        }
        // A host that isn't ours is as little ours in the address.
        let mut request = rig.in_http_2("GET", "other.example", "/v1/things");
        let host = HeaderValue::from_str(&authority).unwrap();
        request.headers_mut().insert(header::HOST, host);
        rig.handed(request).await;
        assert_ne!(told.verdict(&rig.store, "/v1/things"), Passes);
        assert_eq!(rig.calls(), 0);
    }
}
