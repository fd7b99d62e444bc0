//! A PostgreSQL database for one test.

use std::{
    net::{SocketAddr, ToSocketAddrs},
    sync::atomic::{AtomicU32, Ordering},
};

use sqlx::{AssertSqlSafe, PgPool};
use url::Url;

pub(crate) struct Database {
    url: Url,
    /// To look into it while nodes use it.
    pub(crate) pool: PgPool,
}

impl Database {
    /// An empty one on the throwaway server.
    pub(crate) async fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let server = std::env::var("SUPPORT_CONSOLE_TEST_POSTGRES_URL").expect(
            "SUPPORT_CONSOLE_TEST_POSTGRES_URL names a throwaway PostgreSQL; `make test` starts one",
        );
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("nodes_{}_{number}", std::process::id());
        let admin = PgPool::connect(&server).await.unwrap();
        let create = AssertSqlSafe(format!("CREATE DATABASE {name}"));
        sqlx::query(create).execute(&admin).await.unwrap();
        admin.close().await;
        let mut url = Url::parse(&server).unwrap();
        url.set_path(&name);
        let pool = PgPool::connect(url.as_str()).await.unwrap();
        Self { url, pool }
    }

    /// Where its server listens.
    pub(crate) fn server(&self) -> SocketAddr {
        let (host, port) = (self.url.host_str().unwrap(), self.url.port().unwrap());
        (host, port).to_socket_addrs().unwrap().next().unwrap()
    }

    pub(crate) fn url(&self) -> String {
        self.url.to_string()
    }

    /// The same database through a relay.
    pub(crate) fn url_through(&self, relay: SocketAddr) -> String {
        let mut url = self.url.clone();
        url.set_host(Some(&relay.ip().to_string())).unwrap();
        url.set_port(Some(relay.port())).unwrap();
        url.to_string()
    }

    pub(crate) async fn number(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(&self.pool).await.unwrap()
    }
}
