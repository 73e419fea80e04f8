//! Random ways through the states: the machine is never left, and a release brings back what a hold stopped.

use proptest::prelude::*;

use super::*;

fn job(place: i64, state: JobState) -> Job {
    Job {
        subject: Subject::Vehicle(1),
        place,
        operation_id: format!("OP-{place}"),
        day_on: 0,
        quantity: Quantity(3_000),
        scrapped: Quantity::ZERO,
        reworks: 0,
        state,
        sequence: 0,
    }
}

fn said(what: What, at: i64) -> Reported {
    Reported {
        what,
        station: 1,
        at,
    }
}

fn reason(job: &mut Job, what: What) -> &'static str {
    use takt_service::Refusal;
    let refused = job.report(said(what, 100), Some(Word::Running));
    refused.err().map_or("", |refusal| refusal.reason())
}

#[test]
fn a_job_goes_from_ready_to_completed_and_hands_on_what_is_good() {
    let mut job = job(1, JobState::Open(Open::Ready));
    for (what, word, effect) in [
        (What::Start, Word::Running, Effect::None),
        (What::Rework, Word::Suspended, Effect::None),
        (What::Hold, Word::Held, Effect::None),
        (What::Release, Word::Suspended, Effect::None),
        (What::Start, Word::Running, Effect::None),
        (What::Scrap(Quantity(1_000)), Word::Running, Effect::None),
        (
            What::Complete,
            Word::Completed,
            Effect::Opens(Quantity(2_000)),
        ),
    ] {
        assert_eq!(job.report(said(what, 7), None), Ok(effect), "{what:?}");
        assert_eq!(job.state.word(), word, "{what:?}");
    }
    assert_eq!((job.reworks, job.sequence), (1, 7));
    assert_eq!(reason(&mut job, What::Hold), "JOB_STATE");
}

#[test]
fn each_refusal_has_its_reason_and_changes_nothing() {
    let run = Run {
        station: 1,
        since: 50,
    };
    for (state, what, wanted) in [
        (
            JobState::Open(Open::Waiting),
            What::Start,
            "JOB_PREDECESSOR",
        ),
        (
            JobState::Open(Open::Waiting),
            What::Scrap(Quantity::ZERO),
            "JOB_STATE",
        ),
        (JobState::Open(Open::Ready), What::Complete, "JOB_STATE"),
        (JobState::Open(Open::Running(run)), What::Start, "JOB_STATE"),
        (
            JobState::Open(Open::Running(run)),
            What::Scrap(Quantity(3_001)),
            "SCRAP_EXCEEDS_JOB",
        ),
        (
            JobState::Held(Open::Running(run)),
            What::Complete,
            "JOB_STATE",
        ),
        (JobState::Aborted(None, 60), What::Start, "JOB_STATE"),
    ] {
        let mut job = job(2, state);
        let before = job.clone();
        assert_eq!(reason(&mut job, what), wanted, "{state:?} {what:?}");
        assert_eq!(job, before);
    }
    let mut early = job(1, JobState::Open(Open::Running(run)));
    let refused = early.report(said(What::Complete, 49), None);
    assert_eq!(refused, Err(JobRefusal::BeforeStart(50)));
}

/// The page's table of states and events, cell by cell, against the machine.
#[test]
fn the_page_tells_the_same_machine() {
    use takt_service::Refusal;
    let page = include_str!("../../../../docs/shop-floor.md");
    let run = Run {
        station: 1,
        since: 50,
    };
    let events = [
        What::Start,
        What::Complete,
        What::Scrap(Quantity::ZERO),
        What::Rework,
        What::Hold,
        What::Release,
    ];
    let states = [
        JobState::Open(Open::Waiting),
        JobState::Open(Open::Ready),
        JobState::Open(Open::Running(run)),
        JobState::Held(Open::Running(run)),
        JobState::Open(Open::Suspended(run)),
        JobState::Completed(run, 60),
        JobState::Aborted(None, 60),
    ];
    for state in states {
        let mut row = format!("| {} |", state.word().as_str());
        for what in events {
            let mut job = job(2, state);
            let told = match job.report(said(what, 100), Some(Word::Running)) {
                Ok(_) => job.state.word().as_str(),
                Err(refusal) => refusal.reason(),
            };
            row.push_str(&format!(" {told} |"));
        }
        assert!(page.contains(&row), "the page does not say {row}");
    }
}

fn what() -> impl Strategy<Value = What> {
    prop_oneof![
        4 => Just(What::Start),
        4 => Just(What::Complete),
        1 => (0i64..4_000).prop_map(|some| What::Scrap(Quantity(some))),
        1 => Just(What::Rework),
        1 => Just(What::Hold),
        2 => Just(What::Release),
    ]
}

/// Whether ISA-95's machine has the step.
fn is_step(from: Word, to: Word) -> bool {
    use Word::{Aborted, Completed, Held, Ready, Running, Suspended, Waiting};
    matches!(
        (from, to),
        (Ready | Suspended, Running)
            | (Running, Completed | Suspended)
            | (Waiting | Ready | Running | Suspended, Held)
            | (Held, Waiting | Ready | Running | Suspended)
            | (Ready | Running | Suspended | Held, Aborted)
    ) || (from == to && !matches!(from, Waiting | Completed | Aborted))
}

proptest! {
    #[test]
    fn no_sequence_of_events_leaves_the_machine(events in proptest::collection::vec((0usize..4, what(), 0i64..50), 0..120)) {
        let mut jobs: Vec<Job> = (1..=4).map(|place| job(place, JobState::Open(Open::Waiting))).collect();
        jobs[0].state = JobState::Open(Open::Ready);
        for (at, what, when) in events {
            let before = at.checked_sub(1).map(|before| jobs[before].state.word());
            let was = jobs[at].clone();
            let told = jobs[at].report(said(what, when), before);
            match told {
                Err(_) => prop_assert_eq!(&jobs[at], &was),
                Ok(effect) => {
                    prop_assert_eq!(jobs[at].sequence, was.sequence + 1);
                    prop_assert!(is_step(was.state.word(), jobs[at].state.word()), "{:?} {:?}", was.state, jobs[at].state);
                    match effect {
                        Effect::None => {}
                        Effect::Opens(good) => jobs.get_mut(at + 1).into_iter().for_each(|next| next.open(good)),
                        Effect::Ends => jobs[at + 1..].iter_mut().for_each(|next| next.abort(when)),
                    }
                }
            }
            for pair in jobs.windows(2) {
                let (before, after) = (&pair[0], &pair[1]);
                let waits = after.state.word() == Word::Waiting || after.state == JobState::Held(Open::Waiting);
                let dead = after.state == JobState::Aborted(None, after.state.ended_at().unwrap_or(0));
                prop_assert!(before.state.word() == Word::Completed || waits || dead);
                if before.state.word() == Word::Completed {
                    prop_assert_eq!(after.quantity.milli(), before.quantity.milli() - before.scrapped.milli());
                }
            }
            for job in &jobs {
                let kept = JobState::of(job.state.word(), job.state.held_from(), job.state.run(), job.state.ended_at());
                prop_assert_eq!(kept, Some(job.state), "what the database keeps says the same");
                prop_assert!(job.scrapped <= job.quantity);
            }
        }
    }
}
