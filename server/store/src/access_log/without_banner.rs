//! Which requests were answered with pages that browsers showed without the banner.

use app::domain::{
    RequestId, SupportSessionId,
    access_log::{PageWithoutBanner, PagesWithoutBanner},
    page::COUNTED_MAX,
};

use crate::{
    Bookkeeping, Db, StoreError,
    record::{record, select},
    sql::queries,
};

/// How many of them are named.
const NAMED: usize = 5;

queries! {
    Db {
        fn count_pages_without_banner(session: SupportSessionId, enough: u64) -> one u64
            = "SELECT COUNT(*) FROM (SELECT 1 FROM pages_without_banner \
                WHERE session = (SELECT number FROM support_sessions WHERE id = :session) LIMIT :enough) AS p";

        /// The latest 50.
        fn list_pages_without_banner(session: SupportSessionId) -> all PageWithoutBanner
            = select!(PageWithoutBanner, "request_log \
                WHERE session = (SELECT number FROM support_sessions WHERE id = :session) AND seq IN \
                (SELECT seq FROM pages_without_banner \
                WHERE session = (SELECT number FROM support_sessions WHERE id = :session) ORDER BY seq DESC LIMIT 50) \
                ORDER BY seq DESC");
    }
    Bookkeeping {
        /// Notes that the page which a recorded request was answered with had no banner. Again changes nothing.
        pub fn note_page_without_banner(request: RequestId)
            = "INSERT INTO pages_without_banner (session, seq) \
                SELECT session, seq FROM request_log WHERE request_id = :request ON CONFLICT DO NOTHING";

        /// Forgets this of a support session whose access log has been deleted.
        pub fn prune_pages_without_banner(session: SupportSessionId)
            = "DELETE FROM pages_without_banner WHERE session = (SELECT number FROM support_sessions WHERE id = :session)";
    }
}

record! { PageWithoutBanner { seq; path; at } }

impl Db<'_> {
    /// The pages of a support session that were shown without the banner.
    pub async fn pages_without_banner(
        &mut self,
        session: SupportSessionId,
    ) -> Result<PagesWithoutBanner, StoreError> {
        let count = self
            .count_pages_without_banner(session, COUNTED_MAX + 1)
            .await?;
        let mut last: Vec<PageWithoutBanner> = Vec::new();
        if count > 0 {
            for page in self.list_pages_without_banner(session).await? {
                if last.len() < NAMED && last.iter().all(|known| known.path != page.path) {
                    last.push(page);
                }
            }
        }
        Ok(PagesWithoutBanner { count, last })
    }
}
