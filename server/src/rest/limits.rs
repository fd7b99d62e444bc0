//! What the document says of limits, at each operation alike.

use http::header;
use utoipa::openapi::{
    ContentBuilder, HeaderBuilder, ObjectBuilder, OpenApi, Ref, RefOr, Response, ResponseBuilder,
    schema::Type,
};

use crate::limits::{RATE_LIMIT, RATE_LIMIT_POLICY};

/// Adds to each operation that it may be refused for being asked too often.
pub(crate) fn describe_limits(document: &mut OpenApi) {
    for item in document.paths.paths.values_mut() {
        let operations = [
            &mut item.get,
            &mut item.put,
            &mut item.post,
            &mut item.delete,
            &mut item.patch,
        ];
        for operation in operations.into_iter().flatten() {
            let refused = RefOr::T(too_many_requests());
            let responses = &mut operation.responses.responses;
            responses.insert("429".to_owned(), refused);
        }
    }
}

fn too_many_requests() -> Response {
    let problem = Ref::from_schema_name("ProblemDocument");
    let problem = ContentBuilder::new().schema(Some(problem)).build();
    let field = |kind, description: &str| {
        let schema = ObjectBuilder::new().schema_type(kind).build();
        let header = HeaderBuilder::new().schema(Some(schema));
        header.description(Some(description)).build()
    };
    ResponseBuilder::new()
        .description("The key has asked too often.")
        .content("application/problem+json", problem)
        .header(
            header::RETRY_AFTER.as_str(),
            field(Type::Integer, "After how many seconds to try again."),
        )
        .header(
            RATE_LIMIT_POLICY.as_str(),
            field(Type::String, "The quota: `q` requests in `w` seconds. In every response to a key that works."),
        )
        .header(
            RATE_LIMIT.as_str(),
            field(
                Type::String,
                "What is left of it: `r` requests, and all of them after `t` seconds. In every response to a key that works.",
            ),
        )
        .build()
}
