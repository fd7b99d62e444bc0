//! Plain forms and exports, as a browser without JavaScript sends them.

use reqwest::Response;
use serde_json::{Value, json};

use super::{Platform, StaffSession, http};
use crate::support::program::Program;

impl Platform {
    /// The holder of a key that reads one tenant.
    pub(crate) async fn of_tenant(program: &Program, tenant: &str) -> Self {
        let words = ["api-key", "create", "--name", tenant, "--tenant", tenant];
        let key = program.run(&words, "").await;
        Self {
            http: http(),
            base: format!("http://{}/api/v1", program.console),
            key: key.trim().to_owned(),
        }
    }
}

impl StaffSession {
    /// Sends a form. Returns the status, where it leads, and what the page there says was done, or
    /// the code of its problem.
    pub(crate) async fn submit(&self, path: &str, fields: &[(&str, &str)]) -> String {
        let request = self
            .request("POST", path)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(serde_urlencoded::to_string(fields).unwrap());
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let location = answer.headers().get("location");
        let location = location.map(|to| to.to_str().unwrap().to_owned());
        let Some(location) = location else {
            return told(answer).await;
        };
        match location.split_once("flash=") {
            None => format!("{status} {location}"),
            Some((page, flash)) => {
                let page = page.trim_end_matches(['?', '&']);
                format!("{status} {page} {}", self.message(flash).await)
            }
        }
    }

    /// Follows a link that downloads a file. Returns the status, and the code of a problem.
    pub(crate) async fn download(&self, path: &str) -> String {
        told(self.request("GET", path).send().await.unwrap()).await
    }

    /// Opens a stream that doesn't end. Returns the status, and the code of a problem.
    pub(crate) async fn open(&self, path: &str) -> String {
        let answer = self.request("GET", path).send().await.unwrap();
        match answer.status().is_success() {
            true => answer.status().as_u16().to_string(),
            false => told(answer).await,
        }
    }

    /// The kind of a message that waits for the page after a form, or the code of its problem.
    async fn message(&self, id: &str) -> String {
        let take = self.request("POST", "/_fn/take_flash");
        let answer = take.json(&json!({ "id": id })).send().await.unwrap();
        let message: Value = answer.json().await.unwrap();
        let code = message["problem"]["code"].as_str();
        let kind = code.or_else(|| message["type"].as_str());
        kind.unwrap_or("without a message").to_owned()
    }
}

/// The status, and the code of a problem.
async fn told(answer: Response) -> String {
    let status = answer.status().as_u16();
    let body = answer.text().await.unwrap();
    let problem: Value = serde_json::from_str(&body).unwrap_or_default();
    match problem["code"].as_str() {
        Some(code) => format!("{status} {code}"),
        None => status.to_string(),
    }
}
