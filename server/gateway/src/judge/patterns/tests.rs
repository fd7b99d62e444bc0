use proptest::prelude::*;

use super::*;
use crate::judge::canonical::CanonicalTarget;

fn pattern(text: &str) -> PathPattern {
    text.parse().unwrap()
}

#[test]
fn what_lets_through_is_read_exactly() {
    let invoice = pattern("/v1/tenants/{tenant_id}/invoices/{invoice}");
    let captured = invoice.matches("/v1/tenants/acme/invoices/7").unwrap();
    assert_eq!(captured.tenant, Some("acme"));
    for path in [
        "/v1/tenants/acme/invoices",
        "/v1/tenants/acme/invoices/",
        "/v1/tenants/acme/invoices/7/",
        "/v1/tenants/acme/invoices/7/lines",
        "/v1/tenants/acme/Invoices/7",
        "/V1/tenants/acme/invoices/7",
        "/x/v1/tenants/acme/invoices/7",
        "/",
    ] {
        assert_eq!(invoice.matches(path), None, "{path}");
    }
    assert!(pattern("/v1/a/").matches("/v1/a/").is_some());
    assert!(pattern("/v1/a/").matches("/v1/a").is_none());
    assert!(pattern("/").matches("/").is_some());
    assert!(pattern("/").matches("/a").is_none());
}

#[test]
fn two_stars_stand_for_a_path_and_everything_below() {
    let reports = pattern("/v1/reports/**");
    for path in ["/v1/reports", "/v1/reports/", "/v1/reports/7/lines"] {
        assert!(reports.matches(path).is_some(), "{path}");
    }
    for path in ["/v1/reports.json", "/v1/reportsx", "/v1", "/"] {
        assert!(reports.matches(path).is_none(), "{path}");
    }
    for path in ["/", "/a", "/a/b/"] {
        assert!(PathPattern::every_path().matches(path).is_some(), "{path}");
    }
}

#[test]
fn what_refuses_is_read_loosely() {
    let exports = pattern("/v1/tenants/{tenant_id}/exports");
    for path in [
        "/v1/tenants/acme/exports",
        "/v1/tenants/acme/exports/",
        "/v1/tenants/acme/Exports",
        "/V1/TENANTS/acme/EXPORTS",
        "/v1/tenants/acme/exports.csv",
        "/v1/tenants/acme/exports.CSV/",
        "/v1/tenants/acme/exports/7",
        "/v1/tenants/acme/e%78ports",
        "/v1/tenants/acme/e%2578ports",
        "/v1/tenants/acme/exports;v=1",
        "/v1/tenants/acme/exports%20",
        "/v1/tenants/acme/exports-of-old",
        "/v1/tenants/acme/exports_of_old",
        "/v1/tenants/acme/exports(1)",
        "/v1/tenants/acme/exports:download",
        "/v1/tenants/acme/export%C5%BF",
        "/v1/tenants('acme')/exports",
        "/v1/tenants/acme/Default.exports()",
        "/v1/tenants/acme/Default.Exports",
        "/v1/Default.tenants('acme')/Acme.Billing.exports(from='1.5')",
    ] {
        assert!(exports.resembles(path), "{path}");
    }
    for path in [
        "/v1/tenants/acme/exportsofold",
        "/v1/tenants/acme/exports2",
        "/v1/tenants/acme/export",
        "/v1/tenants/acme/Default.exportsofold()",
        "/v1/tenants/acme/search(in='Default.exports')",
        "/v1/tenants('acme')",
        "/v1/tenants/acme",
    ] {
        assert!(!exports.resembles(path), "{path}");
    }
    let named = exports.names("/V1/tenants/Bolt/exports.csv").remove(0);
    assert_eq!(
        named.tenant.as_deref(),
        Some("Bolt"),
        "the name stays as it is"
    );
}

#[test]
fn letters_that_only_look_or_fold_alike_open_no_way() {
    let exports = pattern("/v1/exports");
    for segment in [
        "exports%C3%9F",
        "exports%EF%AC%81",
        "exports%C5%BF",
        "export%C5%BF",
        "export%C3%9F",
        "exports%C4%B1",
        "exports%E2%84%AA",
        "exports%C4%B0",
        "+exports",
        "%E2%80%8Bexports",
        "%EF%BB%BFexports",
        "ex%C2%ADports",
        "%EF%BD%85xports",
        "exports%E2%80%8B",
    ] {
        let path = format!("/v1/{segment}");
        assert!(exports.resembles(&path), "{segment}");
    }
}

#[test]
fn a_route_reads_neighbours_as_other_words_and_names_in_each_way() {
    let tenants = pattern("/v1/tenants/{tenant_id}");
    for path in [
        "/v1/tenants-summary/monthly",
        "/v1/tenants_stats/2024",
        "/v1/tenants:search/recent",
        "/v1/tenantsx/bolt",
        "/v1/old.tenants/bolt",
    ] {
        assert_eq!(tenants.names(path), [], "{path}");
    }
    let named = |route: &str, path: &str| -> Vec<String> {
        let names = pattern(route).names(path);
        let tenants = names.iter().filter_map(|named| named.tenant.as_deref());
        tenants.map(ToOwned::to_owned).collect()
    };
    for (path, tenant) in [
        ("/v1/tenants('acme')", "acme"),
        ("/v1/tenants(%27acme%27)", "acme"),
        ("/v1/tenants(acme)", "acme"),
        ("/v1/Default.tenants('bolt')", "bolt"),
        ("/v1/tenants.tenants('bolt')", "bolt"),
        ("/v1/Tenants('bolt')", "bolt"),
        ("/v1/tenants.json/bolt", "bolt"),
        ("/v1/tenants%3F/bolt", "bolt"),
    ] {
        assert_eq!(named("/v1/tenants/{tenant_id}", path), [tenant], "{path}");
    }
    let both = named(
        "/v1/regions/{region}/{tenant_id}",
        "/v1/regions(eu)/acme/bolt",
    );
    assert_eq!(both, ["acme", "bolt"]);
}

#[test]
fn a_route_matches_its_path_and_everything_below() {
    let route = pattern("/v1/tenants/{tenant_id}/organizations/{organization_id}");
    let both = Captured {
        tenant: Some("acme"),
        organization: Some("eu"),
    };
    for path in [
        "/v1/tenants/acme/organizations/eu",
        "/v1/tenants/acme/organizations/eu/",
        "/v1/tenants/acme/organizations/eu/users/7",
    ] {
        assert_eq!(route.matches_above(path), Some(both), "{path}");
    }
    for path in ["/v1/tenants/acme/organizations", "/v1/tenants/acme", "/"] {
        assert_eq!(route.matches_above(path), None, "{path}");
    }
}

#[test]
fn patterns_that_can_not_mean_one_thing_are_refused() {
    for bad in [
        "",
        "**",
        "v1/{tenant_id}",
        "/v1/t-{tenant_id}",
        "/v1/{Name}",
        "/v1/{}",
        "/{tenant_id}/{tenant_id}",
        "/{organization_id}/{organization_id}",
        "/a//b",
        "/a//**",
        "/a/../b",
        "/a/./b",
        "/a/*/b",
        "/a/**/b",
        "/a;b",
        "/%61",
        "/é",
        "/a?b",
    ] {
        assert!(bad.parse::<PathPattern>().is_err(), "{bad}");
    }
}

#[test]
fn a_pattern_is_written_as_it_was_read() {
    for text in ["/", "/**", "/a/", "/a/{b}/**", "/v1/{tenant_id}"] {
        assert_eq!(pattern(text).to_string(), text);
    }
}

fn a_segment() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("v1".to_owned()),
        Just("V1".to_owned()),
        "[a-zA-Z0-9._~-]{1,4}",
        Just("%C3%B1".to_owned()),
        Just("a:b".to_owned()),
    ]
}

fn a_path() -> impl Strategy<Value = String> {
    (proptest::collection::vec(a_segment(), 0..5), any::<bool>())
        .prop_map(|(segments, slash)| {
            format!("/{}{}", segments.join("/"), if slash { "/" } else { "" })
        })
        .prop_filter("canonical", |path| {
            CanonicalTarget::parse(path.as_bytes()).is_ok()
        })
}

fn a_pattern() -> impl Strategy<Value = PathPattern> {
    let part = prop_oneof![
        Just("v1".to_owned()),
        "[a-zA-Z0-9~-]{1,3}",
        Just("{any}".to_owned()),
    ];
    (proptest::collection::vec(part, 0..4), any::<bool>()).prop_map(|(parts, below)| {
        let below = if below || parts.is_empty() { BELOW } else { "" };
        let path = parts.join("/");
        let path = if parts.is_empty() {
            path
        } else {
            format!("/{path}")
        };
        pattern(&format!("{path}{below}"))
    })
}

proptest! {
    #[test]
    fn whatever_is_let_through_would_be_refused_by_the_same_pattern(
        pattern in a_pattern(), path in a_path()
    ) {
        if pattern.matches(&path).is_some() {
            prop_assert!(pattern.matches_above(&path).is_some());
        }
        if pattern.matches_above(&path).is_some() {
            prop_assert!(pattern.resembles(&path));
        }
    }

    #[test]
    fn neither_case_nor_slash_nor_suffix_escapes_a_refusal(
        pattern in a_pattern(), path in a_path(), suffix in "(/|[^/a-zA-Z0-9%][a-z]{0,4}|%[0-2][0-9A-F]x|)"
    ) {
        if pattern.resembles(&path) {
            let upper = format!("{}{suffix}", path.trim_end_matches('/').to_ascii_uppercase());
            prop_assert!(pattern.resembles(&upper), "{upper}");
        }
    }
}
