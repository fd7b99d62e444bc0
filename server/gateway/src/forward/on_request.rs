//! A body that its client sends once it is asked for it (RFC 9110, section 10.1.1): the upstream
//! decides, so that nothing is sent of an upload that it refuses by the head alone.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use http::{HeaderMap, HeaderValue, Request, StatusCode, header};
use tokio::{
    sync::Notify,
    time::{Sleep, sleep},
};

/// How long to wait for an upstream that doesn't ask. Many never do. Clients wait as long.
const PATIENCE: Duration = Duration::from_secs(1);
const CONTINUE: HeaderValue = HeaderValue::from_static("100-continue");

/// Whether a client waits to be asked for its body.
pub(super) fn waits(client: &HeaderMap) -> bool {
    let expected = client.get(header::EXPECT);
    expected.is_some_and(|expected| expected.as_bytes().eq_ignore_ascii_case(b"100-continue"))
}

/// Until the upstream has asked for a body, or has had its time.
pub(super) struct Wait {
    asked: Pin<Box<dyn Future<Output = ()> + Send + Sync>>,
    patience: Duration,
    /// The time begins when the body is first wanted: the head is on its way then.
    over: Option<Pin<Box<Sleep>>>,
}

/// What a request to the upstream needs for a [`Wait`].
pub(super) struct Asking(Arc<Notify>);

impl Wait {
    pub(super) fn new() -> (Self, Asking) {
        Self::lasting(PATIENCE)
    }

    fn lasting(patience: Duration) -> (Self, Asking) {
        let asked = Arc::new(Notify::new());
        let asking = Asking(Arc::clone(&asked));
        let wait = Self {
            asked: Box::pin(async move { asked.notified().await }),
            patience,
            over: None,
        };
        (wait, asking)
    }

    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let patience = self.patience;
        let over = self.over.get_or_insert_with(|| Box::pin(sleep(patience)));
        match (self.asked.as_mut().poll(cx), over.as_mut().poll(cx)) {
            (Poll::Pending, Poll::Pending) => Poll::Pending,
            _ => Poll::Ready(()),
        }
    }
}

impl Asking {
    pub(super) fn ask<B>(self, request: &mut Request<B>) {
        request.headers_mut().insert(header::EXPECT, CONTINUE);
        hyper::ext::on_informational(request, move |answer| {
            if answer.status() == StatusCode::CONTINUE {
                self.0.notify_one();
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    #[tokio::test]
    async fn the_body_waits_to_be_asked_for_and_no_longer_than_for_its_time() {
        let (mut never_asked, _asking) = Wait::lasting(Duration::ZERO);
        poll_fn(|cx| never_asked.poll(cx)).await;

        let (mut wait, Asking(asked)) = Wait::lasting(Duration::from_hours(1));
        let first = poll_fn(|cx| Poll::Ready(wait.poll(cx))).await;
        assert_eq!(first, Poll::Pending);
        asked.notify_one();
        poll_fn(|cx| wait.poll(cx)).await;
    }

    #[test]
    fn only_the_one_expectation_that_there_is_counts() {
        for (value, is_one) in [
            ("100-continue", true),
            ("100-Continue", true),
            ("200-ok", false),
            ("100-continue, x", false),
        ] {
            let headers = HeaderMap::from_iter([(header::EXPECT, HeaderValue::from_static(value))]);
            assert_eq!(waits(&headers), is_one, "{value}");
        }
        assert!(!waits(&HeaderMap::new()));
    }
}
