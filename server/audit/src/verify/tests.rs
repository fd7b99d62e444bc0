use ed25519_dalek::SigningKey;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{
    chain::GENESIS,
    testing::{chain_of, golden_first, noon},
};

const LENGTH: usize = 6;

fn values(tenant: Option<&str>, length: u64) -> Vec<Value> {
    chain_of(tenant, length)
        .iter()
        .map(|event| serde_json::to_value(event).unwrap())
        .collect()
}

fn lines(events: &[Value]) -> Vec<u8> {
    let lines: Vec<_> = events.iter().map(Value::to_string).collect();
    (lines.join("\n") + "\n").into_bytes()
}

fn verify(events: &[Value], extent: Extent, kept: &[KeptHead]) -> Report {
    verify_lines(lines(events).as_slice(), extent, kept.to_vec()).unwrap()
}

fn head_of(event: &Value) -> KeptHead {
    KeptHead {
        chain: event["chain"].as_str().unwrap().into(),
        seq: event["seq"].as_u64().unwrap(),
        hash: event["hash"].as_str().unwrap().into(),
    }
}

fn code(report: &Report) -> &'static str {
    report
        .first_fault()
        .map_or("sound", |fault| fault.wrong.code())
}

fn rehash(event: &mut Value) {
    event["hash"] = chain::hash_json(event.clone()).unwrap().into();
}

/// Recalculates the links and hashes of all events from `from` on.
fn relink(events: &mut [Value], from: usize) {
    for at in from..events.len() {
        events[at]["seq"] = (at + 1).into();
        events[at]["prev"] = match at {
            0 => GENESIS.into(),
            _ => events[at - 1]["hash"].clone(),
        };
        rehash(&mut events[at]);
    }
}

#[test]
fn chains_that_were_let_alone_are_sound_also_when_they_are_mixed() {
    let mut events = values(Some("a"), 5);
    for (at, event) in values(None, 3).into_iter().enumerate() {
        events.insert(at * 2, event);
    }
    let kept = [
        head_of(&values(Some("a"), 4)[3]),
        head_of(&values(None, 3)[2]),
    ];
    for extent in [Extent::All, Extent::Stretches, Extent::Filtered] {
        let report = verify(&events, extent, &kept);
        assert!(report.is_sound(), "{report}");
        assert_eq!(report.events, 8);
        assert_eq!(report.chains["tenant:a"].links, 4);
        assert_eq!(report.chains["tenant:a"].met, [4]);
        assert_eq!(report.heads().count(), 2);
    }
}

#[test]
fn the_first_bad_event_is_named_with_its_place_and_what_is_wrong() {
    let mut events = values(Some("a"), 5);
    events[2]["actor"]["name"] = "Someone else".into();
    let report = verify(&events, Extent::All, &[]);
    let fault = report.first_fault().unwrap();
    assert_eq!(fault.wrong, Wrong::Hash);
    assert_eq!((fault.seq, fault.line), (Some(3), Some(3)));
    assert_eq!(fault.id.as_deref(), events[2]["id"].as_str());
    let text = report.to_string();
    assert!(
        text.contains("tenant:a event 3 (") && text.contains("in line 3 [hash]"),
        "{text}"
    );
}

#[test]
fn each_kind_of_tampering_is_called_by_its_name() {
    let good = values(Some("a"), 5);
    let case = |change: &dyn Fn(&mut Vec<Value>)| {
        let mut events = good.clone();
        change(&mut events);
        code(&verify(&events, Extent::All, &[head_of(&good[4])]))
    };
    assert_eq!(case(&|_| {}), "sound");
    assert_eq!(case(&|e| e.swap(1, 2)), "reordered");
    assert_eq!(case(&|e| drop(e.remove(1))), "gap");
    assert_eq!(case(&|e| drop(e.remove(0))), "gap");
    assert_eq!(case(&|e| drop(e.pop())), "shortened");
    assert_eq!(case(&|e| e.clear()), "shortened");
    assert_eq!(case(&|e| e.insert(2, e[1].clone())), "duplicate");
    assert_eq!(case(&|e| e[1]["v"] = 2.into()), "unknown_version");
    assert_eq!(case(&|e| e[1]["seq"] = (-1).into()), "unreadable");
    assert_eq!(
        case(&|e| e[1]["metadata"] = json!({"n": 1.5})),
        "unreadable"
    );
    assert_eq!(case(&|e| e[1]["seq"] = 7.into()), "hash");
    assert_eq!(
        case(&|e| {
            e[1]["ip"] = "192.0.2.9".into();
            rehash(&mut e[1]);
        }),
        "prev"
    );
    assert_eq!(
        case(&|e| {
            e[1]["ip"] = "192.0.2.9".into();
            relink(e, 1);
        }),
        "kept_head"
    );
    assert_eq!(
        case(&|e| {
            e[1]["tenant_id"] = "b".into();
            rehash(&mut e[1]);
        }),
        "chain"
    );
}

#[test]
fn a_stretch_says_what_it_does_not_prove() {
    let events = values(Some("a"), 9);
    let report = verify(&events[4..], Extent::Stretches, &[]);
    assert!(report.is_sound());
    assert!(
        report
            .to_string()
            .contains("nothing is said of events before 5"),
        "{report}"
    );
    assert_eq!(code(&verify(&events[4..], Extent::All, &[])), "gap");
    // The head just before the range is compared with the first event's link.
    let before = head_of(&events[3]);
    assert!(
        verify(
            &events[4..],
            Extent::Stretches,
            std::slice::from_ref(&before)
        )
        .is_sound()
    );
    let forged = KeptHead {
        hash: GENESIS.into(),
        ..before
    };
    assert_eq!(
        code(&verify(&events[4..], Extent::Stretches, &[forged])),
        "kept_head"
    );
    let far = head_of(&events[1]);
    assert_eq!(
        code(&verify(&events[4..], Extent::Stretches, &[far])),
        "head_not_covered"
    );
}

#[test]
fn a_filtered_export_proves_each_event_and_says_that_it_is_not_contiguous() {
    let events = values(Some("a"), 9);
    let mut left: Vec<_> = [1, 2, 5, 8].map(|at: usize| events[at].clone()).into();
    let report = verify(&left, Extent::Filtered, &[]);
    assert!(report.is_sound());
    let chain = &report.chains["tenant:a"];
    assert_eq!((chain.links, chain.gaps), (1, 2));
    assert!(
        report
            .to_string()
            .contains("not contiguous: filtered export"),
        "{report}"
    );
    let report = verify(&left, Extent::Stretches, &[]);
    assert_eq!(code(&report), "gap");
    assert!(report.is_contradicted_by_gaps_only());
    left[2]["metadata"]["n"] = 7.into();
    let report = verify(&left, Extent::Filtered, &[]);
    assert_eq!(code(&report), "hash");
    assert!(!report.is_contradicted_by_gaps_only());
    left.swap(2, 3);
    assert_eq!(code(&verify(&left[..3], Extent::Filtered, &[])), "sound");
    left.swap(0, 1);
    assert_eq!(
        code(&verify(&left[..3], Extent::Filtered, &[])),
        "reordered"
    );
}

#[test]
fn what_is_no_event_is_named_by_its_line() {
    let good = lines(&values(None, 1));
    for bad in [
        &b"not json"[..],
        b"[]",
        b"{}",
        b"null",
        b"\xff\xfe",
        br#"{"v":1,"chain":"system","seq":2}"#,
        &good[..good.len() - 3],
    ] {
        let mut text = good.clone();
        text.extend_from_slice(b"\n");
        text.extend_from_slice(bad);
        let report = verify_lines(text.as_slice(), Extent::All, []).unwrap();
        let fault = report.first_fault().unwrap();
        assert_eq!(
            (fault.line, fault.wrong.code()),
            (Some(3), "unreadable"),
            "{bad:?}"
        );
    }
}

#[test]
fn an_object_that_says_a_thing_twice_is_refused_even_if_the_last_one_is_right() {
    let mut event = golden_first();
    event.hash = chain::hash(&event).unwrap();
    let text = serde_json::to_string(&event).unwrap();
    let doubled = text.replacen(r#""reason":"#, r#""reason":"harmless","reason":"#, 1);
    assert_ne!(text, doubled);
    assert!(
        verify_lines(text.as_bytes(), Extent::All, [])
            .unwrap()
            .is_sound()
    );
    let report = verify_lines(doubled.as_bytes(), Extent::All, []).unwrap();
    assert_eq!(code(&report), "unreadable");
}

#[test]
fn an_export_that_went_through_another_json_program_is_still_sound() {
    let event = &values(Some("a"), 1)[0];
    let pretty = serde_json::to_string_pretty(event)
        .unwrap()
        .replace('\n', " ");
    assert!(
        verify_lines(pretty.as_bytes(), Extent::All, [])
            .unwrap()
            .is_sound()
    );
}

#[derive(Debug, Clone)]
enum Mutation {
    Change { at: usize, field: usize },
    Remove { at: usize, field: usize },
    Add { at: usize },
    Rehash { at: usize },
    Rewrite { from: usize },
    Swap { one: usize, other: usize },
    Delete { at: usize },
    Duplicate { at: usize, to: usize },
    Truncate { to: usize },
    Insert { at: usize },
    Move { at: usize },
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let at = 0..LENGTH;
    prop_oneof![
        (at.clone(), 0_usize..64).prop_map(|(at, field)| Mutation::Change { at, field }),
        (at.clone(), 0_usize..64).prop_map(|(at, field)| Mutation::Remove { at, field }),
        at.clone().prop_map(|at| Mutation::Add { at }),
        at.clone().prop_map(|at| Mutation::Rehash { at }),
        at.clone().prop_map(|from| Mutation::Rewrite { from }),
        (at.clone(), 1..LENGTH).prop_map(|(one, by)| Mutation::Swap {
            one,
            other: (one + by) % LENGTH
        }),
        at.clone().prop_map(|at| Mutation::Delete { at }),
        (at.clone(), 0..=LENGTH).prop_map(|(at, to)| Mutation::Duplicate { at, to }),
        at.clone().prop_map(|to| Mutation::Truncate { to }),
        at.clone().prop_map(|at| Mutation::Insert { at }),
        at.prop_map(|at| Mutation::Move { at }),
    ]
}

fn apply(mutation: &Mutation, events: &mut Vec<Value>) {
    let name_of = |event: &Value, field: usize| {
        let names: Vec<_> = event.as_object().unwrap().keys().cloned().collect();
        names[field % names.len()].clone()
    };
    match *mutation {
        Mutation::Change { at, field } => {
            let name = name_of(&events[at], field);
            let changed = match &events[at][&name] {
                Value::String(text) => format!("{text}x").into(),
                Value::Number(number) => (number.as_u64().unwrap() + 1).into(),
                _ => json!({"another": "value"}),
            };
            events[at][&name] = changed;
        }
        Mutation::Remove { at, field } => {
            let name = name_of(&events[at], field);
            events[at].as_object_mut().unwrap().remove(&name);
        }
        Mutation::Add { at } => events[at]["approved_by"] = "nobody".into(),
        Mutation::Rehash { at } => {
            events[at]["metadata"] = json!({"n": "forged"});
            rehash(&mut events[at]);
        }
        Mutation::Rewrite { from } => {
            events[from]["metadata"] = json!({"n": "forged"});
            relink(events, from);
        }
        Mutation::Swap { one, other } => events.swap(one, other),
        Mutation::Delete { at } => drop(events.remove(at)),
        Mutation::Duplicate { at, to } => events.insert(to, events[at].clone()),
        Mutation::Truncate { to } => events.truncate(to),
        Mutation::Insert { at } => {
            let mut forged = events[at].clone();
            forged["metadata"] = json!({"n": "forged"});
            rehash(&mut forged);
            events.insert(at, forged);
        }
        Mutation::Move { at } => {
            let mut events_of_another = events[at].clone();
            events_of_another["chain"] = "tenant:b".into();
            events_of_another["tenant_id"] = "b".into();
            rehash(&mut events_of_another);
            events[at] = events_of_another;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn nothing_that_a_kept_head_covers_changes_unnoticed(mutation in mutation()) {
        let good = values(Some("a"), LENGTH as u64);
        let kept = [head_of(&good[LENGTH - 1])];
        let mut events = good.clone();
        apply(&mutation, &mut events);
        prop_assert!(verify(&good, Extent::All, &kept).is_sound());
        let report = verify(&events, Extent::All, &kept);
        prop_assert!(!report.is_sound(), "{mutation:?}: {report}");
    }

    #[test]
    fn no_bytes_make_the_verifier_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let report = verify_lines(bytes.as_slice(), Extent::Filtered, []).unwrap();
        prop_assert!(report.to_string().contains("events in"));
    }
}

#[test]
fn a_chain_may_begin_after_a_signed_checkpoint_and_nowhere_else() {
    let key = SigningKey::from_bytes(&[7; 32]);
    let events = chain_of(Some("a"), 6);
    let end = |seq: usize| head_of(&serde_json::to_value(&events[seq - 1]).unwrap());
    let signed = |seq| Checkpoint::sign(end(seq), noon(), &key).unwrap();
    let with_another_key = Checkpoint::sign(end(3), noon(), &SigningKey::from_bytes(&[8; 32]));
    let with_another_hash = KeptHead {
        hash: end(2).hash,
        ..end(3)
    };
    let with_another_hash = Checkpoint::sign(with_another_hash, noon(), &key);
    let verify = |checkpoint, from: usize, kept: &[KeptHead]| {
        let mut verifier = Verifier::new(Extent::All, kept.to_vec());
        if let Some(checkpoint) = checkpoint {
            verifier.begin_after(checkpoint, Some(&key.verifying_key()));
        }
        for event in &events[from - 1..] {
            verifier.event(event.clone());
        }
        verifier.finish()
    };
    let cases = [
        (None, 4, vec![], "gap"),
        (Some(signed(3)), 4, vec![], "sound"),
        // Not all events that it covers have been deleted yet.
        (Some(signed(3)), 1, vec![], "sound"),
        (Some(signed(3)), 3, vec![], "sound"),
        (Some(signed(3)), 4, vec![end(3), end(5)], "sound"),
        (Some(signed(2)), 4, vec![], "gap"),
        (Some(signed(3)), 4, vec![end(2)], "head_not_covered"),
        (Some(with_another_key.unwrap()), 4, vec![], "checkpoint"),
        (Some(with_another_hash.unwrap()), 4, vec![], "kept_head"),
    ];
    for (checkpoint, from, kept, expected) in cases {
        let report = verify(checkpoint.clone(), from, &kept);
        assert_eq!(code(&report), expected, "{checkpoint:?} {from} {kept:?}");
    }
    let report = verify(Some(signed(3)), 4, &[]).to_string();
    assert!(
        report.contains("events up to 3 were deleted by retention"),
        "{report}"
    );
}

#[test]
fn what_is_deleted_by_retention_during_a_verification_is_no_gap() {
    let key = SigningKey::from_bytes(&[7; 32]);
    let events = chain_of(Some("a"), 6);
    let end = head_of(&serde_json::to_value(&events[3]).unwrap());
    for (seen_first, next, expected) in [(2, 5, "sound"), (2, 6, "gap"), (5, 6, "sound")] {
        let mut verifier = Verifier::new(Extent::All, []);
        for event in &events[..seen_first] {
            verifier.event(event.clone());
        }
        let checkpoint = Checkpoint::sign(end.clone(), noon(), &key).unwrap();
        verifier.begin_after(checkpoint, Some(&key.verifying_key()));
        for event in &events[next - 1..] {
            verifier.event(event.clone());
        }
        assert_eq!(code(&verifier.finish()), expected, "{seen_first} {next}");
    }
}

/// Someone who can write the store invents history that retention has deleted.
#[test]
fn events_that_nothing_links_to_the_rest_stand_in_no_deleted_range() {
    let key = SigningKey::from_bytes(&[7; 32]);
    let events = chain_of(Some("a"), 12);
    let end = head_of(&serde_json::to_value(&events[7]).unwrap());
    let mut forged = events[2].clone();
    forged.resource_id = "forged".into();
    forged.hash = chain::hash(&forged).unwrap();
    for (before, expected) in [
        (&events[5..8], "sound"),
        (&events[..0], "sound"),
        (&events[..3], "gap"),
        (&[forged.clone()][..], "gap"),
    ] {
        let mut verifier = Verifier::new(Extent::All, []);
        let checkpoint = Checkpoint::sign(end.clone(), noon(), &key).unwrap();
        verifier.begin_after(checkpoint, Some(&key.verifying_key()));
        for event in before.iter().chain(&events[8..]) {
            verifier.event(event.clone());
        }
        let report = verifier.finish();
        assert_eq!(code(&report), expected, "{report}");
    }
}
