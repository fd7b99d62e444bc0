//! What a page's form shows after it was refused, kept for a sign-in, or overtaken by somebody else.
#![cfg(feature = "ui")]

use app::{
    components::resume,
    domain::{
        flash::Flash,
        form::Fields,
        problem::{Problem, ProblemCode},
        tenants::TenantForm,
    },
};
use leptos::prelude::{GetUntracked as _, Owner};

fn present() -> TenantForm {
    TenantForm {
        id: "acme".into(),
        slug: "acme".into(),
        name: "Acme".into(),
        plan: "Team".into(),
        seen: "2".into(),
        ..TenantForm::default()
    }
}

/// What was typed while the first state was shown.
fn typed() -> Fields {
    [
        ("id", "acme"),
        ("slug", "acme"),
        ("name", "Acme "),
        ("plan", "Business"),
        ("reason", "The contract was signed"),
        ("seen", "1"),
    ]
    .map(|(name, value)| (name.to_owned(), vec![value.to_owned()]))
    .into()
}

fn refused(problem: Problem, input: Fields) -> Flash {
    Flash::Refused { problem, input }
}

#[test]
fn what_was_typed_stays_for_the_state_for_which_it_was_typed() {
    let owner = Owner::new();
    owner.set();
    let wrong = Problem::invalid_field("plan", "is unknown");
    for flash in [refused(wrong, typed()), Flash::Typed { input: typed() }] {
        let (form, _) = resume(Some(flash), present());
        assert_eq!((form.plan.as_str(), form.seen.as_str()), ("Business", "1"));
    }
}

#[test]
fn after_a_conflict_the_present_values_stand_with_what_was_typed_beside_them() {
    let owner = Owner::new();
    owner.set();
    let conflict = Problem::new(ProblemCode::Conflict, "This tenant has changed.");
    let (form, refused) = resume(Some(refused(conflict, typed())), present());
    assert_eq!((form.plan.as_str(), form.seen.as_str()), ("Team", "2"));
    assert_eq!(form.reason, "The contract was signed");
    let error = |field| refused.error(field).get_untracked();
    assert_eq!(error("plan").unwrap(), "was “Business” in your form");
    for same in ["name", "slug", "reason", "kind"] {
        assert_eq!(error(same), None, "{same}");
    }
}

#[test]
fn a_form_that_another_person_filled_in_leaves_nothing_behind() {
    let owner = Owner::new();
    owner.set();
    let conflict = Problem::new(ProblemCode::Conflict, "Someone else filled in this form.");
    let (form, refused) = resume(Some(refused(conflict, Fields::new())), present());
    assert_eq!(form, present());
    assert_eq!(refused.error("plan").get_untracked(), None);
}
