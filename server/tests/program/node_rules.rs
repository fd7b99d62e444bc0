//! Two nodes on one PostgreSQL with different rules: both refuse everything until they agree.

use crate::support::prelude::*;

const NEW: &str = r#"
    tenant_binding = "path"
    routes = ["/v1/tenants/{tenant_id}"]
    [gateway.selectors]
    query = ["tenant"]
"#;
const DIFFER: &str = "the nodes on this data store have different rules";

const SETTINGS: &str = "/admin/settings";
const NOTICE: &str = "Nodes have different rules, so none of them forwards anything.";

/// The cells of a column of a page, from above.
fn cells<'p>(page: &'p str, column: &str) -> Vec<&'p str> {
    let mark = format!("data-label=\"{column}\">");
    let cells = page.split(mark.as_str()).skip(1);
    cells
        .filter_map(|rest| rest.split("</td>").next())
        .collect()
}

/// Node `a` with the old rules and a support session, before `b` comes.
struct Scene {
    upstream: Upstream,
    database: Database,
    a: Program,
    session: Granted,
    staff: Staff,
}

impl Scene {
    async fn start() -> Self {
        let upstream = Upstream::start().await;
        let database = Database::new().await;
        let a = Program::start_node("a", &database.url(), upstream.address, BY_PATH).await;
        let (_, staff) = acme_and_jo(&a).await;
        let session = staff.create_session("acme", None).await;
        Self {
            upstream,
            database,
            a,
            session,
            staff,
        }
    }

    /// Node `b` with the new rules.
    async fn b(&self) -> Program {
        let url = self.database.url();
        Program::start_refusing_node("b", &url, self.upstream.address, NEW).await
    }

    fn head(&self, node: &Program, last: &str) -> String {
        get(node.gateway, last, &self.session.token)
    }

    async fn ask(&self, node: &Program) -> Answer {
        ask(node.gateway, "plain", &self.session.token).await
    }

    async fn refuses(&self, node: &Program) {
        until("the node to stand still", async || {
            (node.readiness().await == DIFFER).then_some(())
        })
        .await;
        let answer = self.ask(node).await;
        let told = (answer.status, answer.code());
        assert_eq!(told, (503, "rules_differ".to_owned()));
    }

    async fn serves(&self, node: &Program) {
        until("the node to serve", async || {
            let served = self.ask(node).await.status == 200;
            (served && node.ready().await == 200).then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn nodes_with_different_rules_let_nothing_through_until_they_have_the_same() {
    let mut scene = Scene::start().await;
    let root = Staff::with_role(&scene.a, "root", "super_admin").await;
    let mut stream = Client::connect(scene.a.gateway).await;
    stream.send(scene.head(&scene.a, "stream").as_bytes()).await;
    stream.read_until("chunk 1;").await;
    let mut b = scene.b().await;
    scene.refuses(&scene.a).await;
    scene.refuses(&b).await;
    let sent = scene.upstream.requests();
    scene.upstream.allow_chunks(1000);
    let rest = tokio::time::timeout(PATIENCE, stream.rest()).await;
    let rest = rest.expect("the stream is cut");
    assert!(
        !rest.contains("chunk 2;") && !rest.contains("0\r\n\r\n"),
        "{rest}"
    );
    scene.refuses(&scene.a).await;
    assert_eq!(scene.upstream.requests(), sent, "something went through");

    // The notice appears everywhere and names the nodes.
    for node in [&scene.a, &b] {
        let (code, said) = node.try_run(&["doctor"]).await;
        assert_eq!(code, 1, "{said}");
        let line = said
            .lines()
            .find(|line| line.contains("rules of the nodes"));
        let line = line.expect("a line");
        assert!(
            line.starts_with("FAIL") && line.contains("a (") && line.contains("b ("),
            "{line}"
        );
    }
    let page = scene.staff.page("/support").await;
    assert!(page.contains("nodes have different rules: "), "{page}");
    let page = until("the settings to say so", async || {
        let page = root.page(SETTINGS).await;
        page.contains(NOTICE).then_some(page)
    })
    .await;
    let rules = cells(&page, "Rules");
    assert_eq!(rules.len(), 2, "{page}");
    assert!(rules.iter().all(|rules| rules.contains("<code")));
    assert_ne!(rules[0], rules[1], "{page}");
    let leases = cells(&page, "Lease");
    let run_out = leases.iter().all(|lease| lease.starts_with("until "));
    assert!(run_out && leases.len() == 2, "{leases:?}");
    let states = cells(&page, "State");
    let serve = states.iter().all(|state| state.contains("Serving"));
    assert!(serve && states.len() == 2, "{states:?}");

    b.stop().await;
    scene.serves(&scene.a).await;
    assert!(
        !scene
            .staff
            .page("/support")
            .await
            .contains("nodes have different rules: ")
    );
    let page = root.page(SETTINGS).await;
    assert!(!page.contains(NOTICE), "{page}");
    let states = cells(&page, "State");
    let stopped = states.iter().map(|state| state.contains("Stopped"));
    assert_eq!(stopped.collect::<Vec<_>>(), [false, true], "{states:?}");

    // The way to switch: the same file everywhere.
    scene.a.restart_with(scene.upstream.address, NEW).await;
    b.start_again().await;
    scene.serves(&scene.a).await;
    scene.serves(&b).await;
}

#[tokio::test]
async fn a_node_that_died_with_other_rules_is_waited_for_no_longer_than_its_lease() {
    let scene = Scene::start().await;
    let root = Staff::with_role(&scene.a, "root", "super_admin").await;
    let mut b = scene.b().await;
    scene.refuses(&scene.a).await;
    b.kill().await;
    scene.serves(&scene.a).await;
    until("the settings to say that it is lost", async || {
        let page = root.page(SETTINGS).await;
        let states = cells(&page, "State");
        let is_lost = states.iter().any(|state| state.contains("Lost"));
        (is_lost && !page.contains(NOTICE)).then_some(())
    })
    .await;
}
