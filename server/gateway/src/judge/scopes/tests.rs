use serde::Deserialize;

use super::*;

const ACME: Confinement<'static> = Confinement {
    tenant: "acme",
    organization: None,
};

fn config(text: &str) -> Result<Scopes, Vec<Fault>> {
    #[derive(Deserialize)]
    struct File {
        scopes: Vec<ScopeConfig>,
    }
    Scopes::new(&toml::from_str::<File>(text).unwrap().scopes)
}

fn names(names: &[&str]) -> Vec<ScopeName> {
    names.iter().map(|name| name.parse().unwrap()).collect()
}

fn billing() -> Scopes {
    config(
        r#"
        [[scopes]]
        name = "read_only"
        deny = [{ methods = ["GET"], paths = ["/v1/tenants/{tenant_id}/exports"] }]

        [[scopes]]
        name = "billing:write"
        description = "Change invoices."
        allow = [
            { methods = ["POST"], paths = ["/v1/tenants/{tenant_id}/invoices"] },
            { methods = ["PATCH"], paths = ["/v1/tenants/{tenant_id}/invoices/{invoice}"], body = "form" },
        ]

        [[scopes]]
        name = "exports:read"
        description = "Read exports."
        allow = [{ methods = ["GET"], paths = ["/v1/tenants/{tenant_id}/exports/**"] }]
        "#,
    )
    .unwrap()
}

fn permits(scopes: &Scopes, granted: &[&str], method: &Method, path: &str) -> bool {
    let ruling = scopes.rule(&names(granted), method, path, ACME);
    matches!(ruling, Ruling::Allowed(_))
}

#[test]
fn a_permission_matches_exactly() {
    let scopes = billing();
    for (path, permitted) in [
        ("/v1/tenants/acme/invoices", true),
        ("/v1/tenants/acme/invoices/", false),
        ("/v1/tenants/acme/invoices/7", false),
        ("/v1/tenants/acme/invoices-admin", false),
        ("/v1/tenants/acme/Invoices", false),
        ("/v1/tenants/acme/invoices.json", false),
        ("/v1/tenants/acme", false),
        ("/", false),
    ] {
        let granted = ["billing:write"];
        assert_eq!(
            permits(&scopes, &granted, &Method::POST, path),
            permitted,
            "{path}"
        );
    }
    for method in [Method::GET, Method::DELETE, Method::PATCH] {
        let path = "/v1/tenants/acme/invoices";
        assert!(
            !permits(&scopes, &["billing:write"], &method, path),
            "{method}"
        );
    }
}

#[test]
fn a_refusal_wins_over_every_permission() {
    let scopes = billing();
    for granted in [&["read_only"][..], &["exports:read", "read_only"]] {
        for path in [
            "/v1/tenants/acme/exports",
            "/v1/tenants/acme/exports/",
            "/v1/tenants/acme/exports/7",
            "/v1/tenants/acme/exports.csv",
            "/v1/tenants/acme/EXPORTS",
            "/V1/tenants/acme/exports",
        ] {
            for method in [Method::GET, Method::HEAD] {
                assert!(!permits(&scopes, granted, &method, path), "{method} {path}");
            }
        }
    }
    let path = "/v1/tenants/acme/exports";
    assert!(
        permits(&scopes, &["exports:read"], &Method::GET, path),
        "it is not granted there"
    );
    assert!(
        permits(&scopes, &["read_only"], &Method::OPTIONS, path),
        "another method"
    );
    assert!(permits(
        &scopes,
        &["read_only"],
        &Method::GET,
        "/v1/tenants/acme"
    ));
}

#[test]
fn a_rule_of_another_tenant_is_told_apart() {
    let scopes = billing();
    let granted = names(&["billing:write"]);
    let path = "/v1/tenants/bolt/invoices";
    let ruling = scopes.rule(&granted, &Method::POST, path, ACME);
    assert!(matches!(ruling, Ruling::OtherTenant(rule) if rule.scope.as_str() == "billing:write"));
}

#[test]
fn an_organization_in_a_pattern_must_be_the_sessions() {
    let scopes = config(
        r#"[[scopes]]
        name = "users:write"
        description = "Change users."
        allow = [{ methods = ["PUT"], paths = ["/v1/organizations/{organization_id}/users"] }]"#,
    )
    .unwrap();
    let granted = names(&["users:write"]);
    let rule = |organization, path| {
        let own = Confinement {
            tenant: "acme",
            organization,
        };
        scopes.rule(&granted, &Method::PUT, path, own)
    };
    let path = "/v1/organizations/eu/users";
    assert!(matches!(rule(Some("eu"), path), Ruling::Allowed(grant) if grant.names_organization));
    assert!(matches!(
        rule(Some("us"), path),
        Ruling::OtherOrganization(_)
    ));
    assert!(
        matches!(rule(None, path), Ruling::Allowed(_)),
        "the whole tenant"
    );
}

#[test]
fn the_rule_that_looks_at_the_body_decides() {
    let scopes = config(
        r#"[[scopes]]
        name = "everything"
        description = "Everything."
        allow = [
            { methods = ["POST"], paths = ["/**"] },
            { methods = ["POST"], paths = ["/v1/search"], body = "form" },
        ]"#,
    )
    .unwrap();
    let granted = names(&["everything"]);
    let body = |path| match scopes.rule(&granted, &Method::POST, path, ACME) {
        Ruling::Allowed(grant) => (grant.rule.index, grant.body),
        other => panic!("{other:?}"),
    };
    assert_eq!(body("/v1/search"), (1, BodyKnowledge::Form));
    assert_eq!(body("/v1/other"), (0, BodyKnowledge::Opaque));
}

#[test]
fn read_only_reads_everything_unless_it_is_told_what() {
    let built_in = Scopes::built_in();
    for method in [Method::GET, Method::HEAD, Method::OPTIONS] {
        assert!(permits(&built_in, &["read_only"], &method, "/any/path"));
    }
    for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
        assert!(
            !permits(&built_in, &["read_only"], &method, "/any/path"),
            "{method}"
        );
    }
    let odd = Method::from_bytes(b"get").unwrap();
    assert!(
        !permits(&built_in, &["read_only"], &odd, "/"),
        "methods have a case"
    );

    let told = config(
        r#"[[scopes]]
        name = "read_only"
        allow = [
            { methods = ["GET"], paths = ["/v1/invoices/**"] },
            { methods = ["POST"], paths = ["/v1/invoices/search"], body = "form" },
        ]"#,
    )
    .unwrap();
    assert!(permits(
        &told,
        &["read_only"],
        &Method::GET,
        "/v1/invoices/7"
    ));
    assert!(permits(
        &told,
        &["read_only"],
        &Method::POST,
        "/v1/invoices/search"
    ));
    assert!(!permits(&told, &["read_only"], &Method::GET, "/v1/users"));
    assert!(!permits(
        &told,
        &["read_only"],
        &Method::POST,
        "/v1/invoices"
    ));
    assert_eq!(told.list().count(), 1);
}

#[test]
fn no_scope_and_a_scope_that_no_longer_exists_permit_nothing() {
    let scopes = billing();
    assert!(!permits(&scopes, &[], &Method::GET, "/"));
    assert!(!permits(&scopes, &["gone"], &Method::GET, "/"));
}

#[test]
fn faults_name_the_key_and_what_to_change() {
    let faults = config(
        r#"
        [[scopes]]
        name = "read_only"
        allow = [
            { methods = ["DELETE", "get"], paths = ["v1", "/a//b"] },
            { methods = ["GET"], paths = ["/live"], upgrade = "websocket" },
        ]
        deny = [{ methods = ["CONNECT"], paths = [] }]
        [[scopes]]
        name = "x"
        allow = [{ methods = [], paths = ["/%61"] }]
        [[scopes]]
        name = "x"
        description = "X."
        [[scopes]]
        name = "y"
        description = "Y."
        allow = [{ methods = ["GET", "POST"], paths = ["/live"], upgrade = "websocket" }]
        "#,
    )
    .unwrap_err();
    let faults: Vec<_> = faults.iter().map(ToString::to_string).collect();
    for part in [
        "scopes[0].allow[0].methods: read_only can't permit DELETE",
        "scopes[0].allow[0].methods[1]: \"get\" is not an allowed method",
        "scopes[0].allow[0].paths[0]: \"v1\" must begin with '/'",
        "scopes[0].allow[0].paths[1]: \"/a//b\" must not have an empty",
        "scopes[0].allow[1].upgrade: read_only can't permit an upgrade",
        "scopes[0].deny[0].methods[0]: \"CONNECT\" is not an allowed method",
        "scopes[0].deny[0].paths: name at least one path",
        "scopes[1].description: describe in a sentence",
        "scopes[1].allow[0].methods: name at least one method",
        "scopes[1].allow[0].paths[0]: \"/%61\" may only have",
        "scopes[2].name: x is used twice",
        "scopes[2].allow: the scope permits nothing",
        "scopes[3].allow[0].upgrade: a WebSocket is opened by GET",
    ] {
        assert!(
            faults.iter().any(|f| f.starts_with(part)),
            "{part}: {faults:#?}"
        );
    }
}

#[test]
fn what_a_path_can_not_make_read_only_is_warned_of() {
    let warnings = |path: &str| {
        let text = format!(
            "[[scopes]]\nname = \"x\"\ndescription = \"X.\"\n\
             allow = [{{ methods = [\"POST\"], paths = [\"{path}\"] }}]"
        );
        config(&text).unwrap().warnings().len()
    };
    for path in [
        "/graphql",
        "/v1/GraphQL",
        "/api/rpc",
        "/v1/batch",
        "/**",
        "/v1/**",
    ] {
        assert_eq!(warnings(path), 1, "{path}");
    }
    for path in ["/v1/invoices", "/v1/invoices/**"] {
        assert_eq!(warnings(path), 0, "{path}");
    }
    assert!(billing().warnings().is_empty());
}
