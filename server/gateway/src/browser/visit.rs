//! One request of a browser to an upstream, and the answer on its way back: the jar, the origins and
//! the banner in one place.

use std::sync::Arc;

use app::domain::{RequestId, Timestamp};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use http_body::Body;

use super::{
    answers::Origins,
    banner, cookies, fetch_metadata,
    inject::{self, WithBanner},
    jar::{Asked, Jars, Place},
    pages::{Given, Page, Pages, browser_origins},
    policy,
};
use crate::{
    answers::Answer, authenticate::Browser, body::BodyError, forward::upstream::Names,
    judge::CanonicalRequest,
};

const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// A browser's permitted request on its way to an upstream.
pub(crate) struct Visit {
    browser: Browser,
    request_id: RequestId,
    place: Place,
    /// The upstream's origin, as its users write it, with the host that requests name.
    upstream: String,
    names: Arc<Names>,
    /// Whether the answer gets the banner, if it is a page.
    wants_banner: bool,
    /// The answer's cookies that scripts may read.
    mirrors: Vec<HeaderValue>,
    /// The upstream's challenge for a credential.
    challenge: Option<HeaderValue>,
}

impl Visit {
    /// A visit to an upstream whose users see it with `scheme`. `injects` says whether pages get
    /// the banner.
    pub(crate) fn new(
        (browser, request_id): (Browser, RequestId),
        scheme: &str,
        place: Place,
        names: Arc<Names>,
        request: &CanonicalRequest,
        injects: bool,
    ) -> Self {
        Self {
            browser,
            request_id,
            upstream: format!("{scheme}://{}", place.host),
            place,
            names,
            wants_banner: injects && inject::is_wanted(&request.method, &request.headers),
            mirrors: Vec::new(),
            challenge: None,
        }
    }

    /// The origin of the session's host.
    pub(crate) fn origin(&self) -> &str {
        &self.browser.origin
    }

    fn origins(&self) -> Origins<'_> {
        Origins {
            own: &self.browser.origin,
            upstream: &self.upstream,
            others: &self.names.origins,
        }
    }

    /// Turns a request's header into what a browser of the upstream would send.
    pub(crate) fn ask(
        &self,
        headers: &mut HeaderMap,
        request: &CanonicalRequest,
        jars: &Jars,
        at: Timestamp,
    ) {
        self.origins().forwarded(headers);
        // Trailers would bypass all changes of the header, and no page can read them.
        headers.remove(header::TE);
        if self.wants_banner {
            inject::ask(headers);
        }
        let session = self.browser.session.id;
        let written = cookies::written(&request.headers, &self.names.readable);
        if let Some(cookies) = jars.cookies(session, &self.place, &written, asked(request, at)) {
            headers.insert(header::COOKIE, cookies);
        }
    }

    /// Stores the cookies that an answer sets. The browser gets some of them too.
    pub(crate) fn keep(
        &mut self,
        headers: &HeaderMap,
        request: &CanonicalRequest,
        jars: &Jars,
        at: Timestamp,
    ) {
        let set = headers.get_all(header::SET_COOKIE);
        let asked = asked(request, at);
        let session = &self.browser.session;
        self.mirrors = jars.keep(session, &self.place, &self.names, asked, set);
    }

    /// Adds the credential that the person gave this upstream, unless the request has one. Removes
    /// a credential that another upstream accepted.
    pub(crate) fn authorize(
        &self,
        headers: &mut HeaderMap,
        request: &CanonicalRequest,
        jars: &Jars,
    ) {
        let session = &self.browser.session;
        if jars.is_of_another(session, &self.place, &request.headers) {
            headers.remove(header::AUTHORIZATION);
        }
        if headers.contains_key(header::AUTHORIZATION) {
            return;
        }
        if let Some(value) = jars.credential(session, &self.place, &request.headers) {
            headers.insert(header::AUTHORIZATION, value);
        }
    }

    /// Keeps or drops that credential, depending on the answer.
    pub(crate) fn authenticated(
        &mut self,
        answer: (StatusCode, &HeaderMap),
        request: &CanonicalRequest,
        jars: &Jars,
        at: Timestamp,
    ) {
        let (session, asked) = (&self.browser.session, &request.headers);
        self.challenge = jars.authenticated(session, &self.place, at, asked, answer);
    }

    /// Turns an upstream's response into the browser's. `page` is where it is shown.
    pub(crate) fn answer(
        &self,
        (status, mut headers): (StatusCode, HeaderMap),
        body: impl Body<Data = Bytes, Error = BodyError> + Send + Unpin + 'static,
        (page, pages, at): (&CanonicalRequest, &Pages, Timestamp),
    ) -> Response<Answer> {
        let is_shown = self.wants_banner && inject::is_page(status, &headers);
        // The upstream's own `Cache-Control` says whether its page may be changed.
        let injector = match is_shown {
            true => inject::into_page(&mut headers, || banner::element(self.request_id)),
            false => None,
        };
        self.origins().answered(&mut headers);
        if let Some(challenge) = &self.challenge {
            headers.insert(header::WWW_AUTHENTICATE, challenge.clone());
        }
        let connects = &self.names.connects;
        let has_banner = injector.is_some();
        let runs = policy::adapt(&mut headers, self.origins(), has_banner, connects);
        if is_shown && !fetch_metadata::is_ahead(&page.headers) {
            let session = self.browser.session.id;
            let page = Page {
                id: self.request_id,
                path: page.target.path().to_owned(),
            };
            match has_banner && runs {
                true => pages.given(session, self.given(page, at)),
                false => pages.without(session, &page),
            }
        }
        for mirror in &self.mirrors {
            headers.append(header::SET_COOKIE, mirror.clone());
        }
        let body = match injector {
            Some(injector) => Answer::relayed(WithBanner::new(body, injector)),
            None => Answer::relayed(body),
        };
        let mut answer = Response::new(body);
        *answer.status_mut() = status;
        *answer.headers_mut() = headers;
        answer
    }
}

impl Visit {
    fn given(&self, page: Page, at: Timestamp) -> Given {
        // The first of the names is the configured URL, which may be known only to us.
        let public = self.names.origins.iter().skip(1).map(String::as_str);
        Given {
            page,
            origins: browser_origins(std::iter::once(self.upstream.as_str()).chain(public)),
            at,
        }
    }
}

fn asked(request: &CanonicalRequest, at: Timestamp) -> Asked<'_> {
    let site = request.headers.get(SITE);
    Asked {
        path: request.target.path(),
        cross_site: site.is_some_and(|site| site != "same-origin" && site != "none"),
        at,
    }
}
