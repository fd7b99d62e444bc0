//! The building blocks of pages. Each works without JavaScript, and none fetches data from the
//! server, except `flash`.

pub mod badge;
pub mod chart;
pub mod copy;
pub mod countdown;
pub mod dialog;
pub mod dialog_page;
pub mod empty;
pub mod field;
pub mod filter_form;
pub mod flash;
pub mod form_act;
pub mod form_data;
pub mod form_dialog;
pub mod format;
pub mod heading;
pub mod icon;
pub mod loaded;
pub mod notice;
pub mod open_tenant;
pub mod pager;
pub mod panel;
pub mod problem;
pub mod row_link;
pub mod settled;
pub mod stat_card;
pub mod table;
pub mod timestamp;
pub mod verdict;
pub mod viewer;

pub use badge::{
    HealthBadge, OutcomeBadge, StatusBadge, TenantStatusTag, health_icon, health_tone,
};
pub use chart::{CallsChart, Sparkline, grouped};
pub use copy::{CopyBlock, CopyButton, CopyCode};
pub use countdown::Countdown;
pub use dialog::Dialog;
pub use dialog_page::{ClosedDialog, DialogPage, refused_dialog};
pub use empty::{EmptyList, EmptyState, Loading};
pub use field::{Field, FieldError, TextArea, TextField, as_sentence};
pub use filter_form::{FilterForm, SearchBox, SelectFilter, choices, follow_url, labelled};
pub use flash::{DoneNotice, FlashNotice, use_flash, use_page_flash};
pub use form_act::{FormAct, FormFn};
pub use form_data::read_form;
pub use form_dialog::{DoneBody, FormDialog};
pub use heading::{PageHeading, provide_arrivals};
pub use icon::{BrandMark, Icon, IconName};
pub use loaded::{FailedList, Loaded, failed_page, failed_part, use_id, use_query};
pub use notice::{Notice, Tone};
pub use open_tenant::OpenTenant;
pub use pager::{Pager, PagerLinks, ResultCount, rows_text};
pub use panel::{Fact, PageHeader, Panel};
pub use problem::{FailedPage, ProblemNotice, field_errors, use_here};
pub use row_link::RowLink;
pub use settled::Settled;
pub use stat_card::{ButtonLink, SignalCard, StatCard};
pub use table::{SortHeader, TableBox, columns};
pub use timestamp::{Ago, LastSeen, Since, Timestamp};
pub use verdict::{VerdictBox, verdict_heading, verdict_reason, verdict_sentence};
pub use viewer::{Viewer, provide_viewer, use_viewer};
