//! The building blocks of pages. Each works without JavaScript, and none fetches data from the
//! server, except `flash` and `tenant_field`.

mod announcer;
mod asked_now;
mod badge;
mod bars;
mod calls_chart;
mod chart;
mod check_boxes;
mod chips;
mod copy;
mod countdown;
mod dialog;
mod dialog_page;
mod empty;
mod export_link;
mod field;
mod filter_form;
mod flash;
mod folded;
mod form_act;
mod form_data;
mod form_dialog;
mod form_page;
pub mod format;
mod heading;
mod icon;
mod loaded;
mod notice;
mod open_tenant;
mod outside;
mod pager;
mod panel;
mod problem;
mod row_link;
mod select_rows;
mod settled;
mod sign_ins;
mod stacked_chart;
mod stat_card;
mod table;
mod tenant_field;
mod time_filter;
mod timestamp;
mod verdict;
mod viewer;
mod written_in;

pub use self::{
    announcer::*, badge::*, bars::*, calls_chart::*, chart::*, check_boxes::*, chips::*, copy::*,
    countdown::*, dialog::*, dialog_page::*, empty::*, export_link::*, field::*, filter_form::*,
    flash::*, folded::*, form_act::*, form_data::*, form_dialog::*, form_page::*, heading::*,
    icon::*, loaded::*, notice::*, open_tenant::*, outside::*, pager::*, panel::*, problem::*,
    row_link::*, select_rows::*, settled::*, sign_ins::*, stacked_chart::*, stat_card::*, table::*,
    tenant_field::*, time_filter::*, timestamp::*, verdict::*, viewer::*, written_in::*,
};
