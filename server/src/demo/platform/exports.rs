//! Exports as CSV files. A `POST`, because the platform records every export. So a support session
//! needs a separate scope for it.

use axum::{
    Extension,
    extract::{Path, State},
    http::header,
    response::IntoResponse,
};
use serde::Serialize;

use super::{ApiError, Platform, identity::Identity};

pub(super) async fn export(
    State(platform): State<Platform>,
    Extension(identity): Extension<Identity>,
    Path(file): Path<String>,
) -> Result<impl IntoResponse, ApiError> {
    let text = match file.as_str() {
        "users.csv" => csv(&platform.list(&identity, |records| &records.users)),
        "invoices.csv" => csv(&platform.list(&identity, |records| &records.invoices)),
        "attestations.csv" => csv(&platform.list(&identity, |records| &records.attestations)),
        _ => None,
    };
    let text = text.ok_or(ApiError::NotFound)?;
    let disposition = format!("attachment; filename=\"{file}\"");
    Ok((
        [
            (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
            (header::CONTENT_DISPOSITION, disposition),
        ],
        text,
    ))
}

fn csv<T: Serialize>(rows: &[T]) -> Option<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer.serialize(row).ok()?;
    }
    writer.into_inner().ok()
}
