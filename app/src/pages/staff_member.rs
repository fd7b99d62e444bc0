//! The page of one staff member, for super admins.

pub mod confirm;
pub mod header;
pub mod history;
pub mod link;
pub mod roles;

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::{components::Outlet, hooks::use_location};

use self::{header::Header, history::History};
use crate::{
    api,
    components::{
        DoneNotice, Fact, FlashNotice, LastSeen, Loaded, Outside, Panel, SignInTable, Timestamp,
        failed_page, format::Precision, use_named, use_page_flash,
    },
    domain::{
        flash::{Done, Flash},
        live::LiveInterest,
        staff::StaffDetail,
    },
    live::use_live,
    paths::{self, is_dialog},
};

/// What the dialogs over this page did.
#[derive(Debug, Clone, Copy)]
pub struct StaffActs(RwSignal<Option<Done>>, RwSignal<u32>);

impl StaffActs {
    fn provide() -> Self {
        let acts = Self(RwSignal::new(None), RwSignal::new(0));
        provide_context(acts);
        acts
    }

    /// Something was changed that the dialog itself tells.
    pub(super) fn changed(self) {
        self.1.update(|count| *count += 1);
    }

    pub(super) fn done(self, done: Done) {
        self.0.set(Some(done));
    }
}

/// A staff member, with the dialogs that belong to them.
#[component]
pub fn StaffMemberPage() -> impl IntoView {
    let detail = use_named("staff member", api::staff_member);
    let live = use_live(Signal::stored(LiveInterest {
        staff: true,
        ..LiveInterest::default()
    }));
    live.on_reset(move || detail.refetch());
    let acts = StaffActs::provide();
    Effect::new(move || {
        if acts.1.get() > 0 || acts.0.with(Option::is_some) {
            detail.refetch();
        }
    });
    let flash = use_page_flash();
    view! {
        <Outlet/>
        <Loaded
            resource=detail
            loading="Loading the staff member…"
            show=move |detail| view! { <Body detail acts flash/> }
            failed=failed_page
        />
    }
}

#[component]
fn Body(
    detail: StaffDetail,
    acts: StaffActs,
    flash: Option<Resource<Option<Flash>>>,
) -> impl IntoView {
    let path = use_location().pathname;
    let title = detail.row.member.name.clone();
    view! {
        // A dialog over this page has its own title.
        {move || (!is_dialog(&path.get())).then(|| view! { <Title text=title.clone()/> })}
        <div class="page">
            {move || acts.0.get().map(|done| view! { <DoneNotice done/> })}
            {flash.map(|flash| view! { <FlashNotice flash/> })}
            <Header detail=detail.clone()/>
            <div class="two">
                <AccountCard detail=detail.clone()/>
                <SignIns detail=detail.clone()/>
            </div>
            <History detail/>
        </div>
    }
    .into_any()
}

#[component]
fn AccountCard(detail: StaffDetail) -> impl IntoView {
    let (row, now) = (detail.row, detail.now);
    let member = row.member;
    let deactivated = member.deactivated_at.map(|at| {
        view! {
            <Fact name="Deactivated">
                <Timestamp at precision=Precision::Minute/>
            </Fact>
        }
    });
    let id = member.id;
    let link = detail.link.map(move |link| {
        view! {
            <Fact name="One-time link">
                {link.purpose.label()}
                ", works until "
                <Timestamp at=link.expires_at precision=Precision::Minute/>
                " "
                <a class="link" href=paths::REVOKE_LINK.page(id)>
                    "Revoke link"
                </a>
            </Fact>
        }
    });
    let (email, roles, created) = (
        member.email.clone(),
        member.roles_in_words(),
        member.created_at,
    );
    view! {
        <Panel id="account-title" title="Account">
            <dl class="facts">
                <Fact name="E-mail">
                    <Outside text=email/>
                </Fact>
                <Fact name="Roles">{roles}</Fact>
                <Fact name="Last sign-in">
                    <LastSeen at=row.last_signed_in_at now/>
                </Fact>
                <Fact name="Created">
                    <Timestamp at=created precision=Precision::Minute/>
                </Fact>
                {deactivated}
                {link}
                <Fact name="Platform user ID">
                    <code>{member.id.to_string()}</code>
                </Fact>
            </dl>
        </Panel>
    }
    .into_any()
}

#[component]
fn SignIns(detail: StaffDetail) -> impl IntoView {
    let body = match detail.sign_ins.is_empty() {
        true => view! { <p class="panel-body muted">"Not signed in anywhere."</p> }.into_any(),
        false => view! { <SignInTable sign_ins=detail.sign_ins now=detail.now/> }.into_any(),
    };
    view! {
        <Panel id="sign-ins-title" title="Open sign-ins">
            {body}
        </Panel>
    }
    .into_any()
}
