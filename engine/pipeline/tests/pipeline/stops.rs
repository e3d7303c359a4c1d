//! Every way to stop: asked to, by a disk that fails, by a panic, by being dropped. Everyone who waits is told, once.

use std::thread;

use crossbeam_channel::{Receiver, Sender, TryRecvError, unbounded};
use yidan_journal::storage::memory::{Memory, Plan};
use yidan_pipeline::limits::AHEAD;
use yidan_pipeline::{Call, Pipeline, Stopped, Tagged, Why};

use crate::toy::{Answered, Ask, Boxed, Gated, LIMITS, Tag, Told, Toy, on_disk, pipeline, told};

#[test]
fn a_stop_settles_journals_and_answers_what_was_taken_in_and_seals() {
    for shards in [1, 2, 4] {
        let disk = Memory::new();
        let pipeline: Pipeline<Toy, Tag> = pipeline(&disk, shards);
        let (handle, ended) = (pipeline.handle(), pipeline.ended());
        let (to, answers) = unbounded::<Answered>();
        for tag in 0..1_000 {
            let shard = usize::try_from(tag).expect("small") % shards;
            handle.submit(shard, Ask::Add(tag), Tagged::new(tag, to.clone())).expect("room");
        }
        assert_eq!(ended.try_recv(), Err(TryRecvError::Empty));
        let summary = pipeline.stop().expect("a sound disk");
        assert_eq!(ended.try_recv(), Err(TryRecvError::Disconnected));
        assert_eq!(answers.try_iter().filter(|(_, told)| told.is_ok()).count(), 1_000);
        let (records, sealed) = on_disk(&disk.crash(false, || false));
        assert!(sealed && records.len() == 1_000);
        assert_eq!((summary.seal.first_record, summary.seal.records), (1_001, 0));
        for (place, shard) in summary.shards.iter().enumerate() {
            assert_eq!(shard.index, place);
            for (number, bytes) in &shard.made {
                assert_eq!(&records[usize::try_from(*number).expect("small") - 1], bytes);
            }
        }
        let refused = handle.submit(0, Ask::Read, Tagged::new(0, to.clone()));
        let Why::Stopped(stopped) = refused.expect_err("it has stopped").why else {
            panic!("it is not full")
        };
        assert_eq!(stopped.why(), "it was asked to");
    }
}

#[test]
fn a_stop_among_submissions_journals_those_it_answers_and_no_others() {
    for round in 0..200_u64 {
        let disk = Memory::new();
        let shards = [1, 2, 4][usize::try_from(round % 3).expect("small")];
        let pipeline: Pipeline<Toy, Tag> = pipeline(&disk, shards);
        let handles: Vec<_> = (0..3).map(|_| pipeline.handle()).collect();
        let (begun, has_begun) = unbounded::<()>();
        let answered: usize = thread::scope(|scope| {
            let submitters: Vec<_> = handles
                .into_iter()
                .map(|handle| {
                    let begun = begun.clone();
                    scope.spawn(move || {
                        let (to, answers) = unbounded::<Answered>();
                        let mut taken = 0;
                        for tag in 0.. {
                            let shard = usize::try_from(tag).expect("small") % shards;
                            let reply = Tagged::new(tag, to.clone());
                            match handle.submit(shard, Ask::Add(tag), reply) {
                                Ok(()) => taken += 1,
                                Err(refused) if matches!(refused.why, Why::Stopped(_)) => break,
                                Err(_) => thread::yield_now(),
                            }
                            if tag == round {
                                begun.send(()).expect("the test waits for this");
                            }
                        }
                        let told: Vec<Answered> = told(&answers, taken);
                        assert_eq!(told.len(), taken, "everyone is told");
                        assert!(answers.is_empty(), "and once");
                        told.iter().filter(|(_, told)| told.is_ok()).count()
                    })
                })
                .collect();
            has_begun.recv().expect("a submitter has begun");
            pipeline.stop().expect("a sound disk");
            submitters.into_iter().map(|thread| thread.join().expect("no panic")).sum()
        });
        let (records, sealed) = on_disk(&disk);
        assert!(sealed);
        assert_eq!(records.len(), answered, "told that all stopped is: not taken in");
    }
}

#[test]
fn a_failed_sync_or_write_stops_all_and_nothing_of_its_batch_is_answered() {
    for shards in [1, 2, 4] {
        for plan in [
            Plan { fail_sync: Some(2), ..Plan::default() },
            Plan { fail_write: Some(2), ..Plan::default() },
        ] {
            let disk = Gated::default();
            let pipeline: Pipeline<Toy, Tag> = pipeline(&disk, shards);
            let handle = pipeline.handle();
            let (to, answers) = unbounded::<Answered>();
            let submit = |tag: u64, ask: Ask| {
                let shard = usize::try_from(tag).expect("small") % shards;
                handle.submit(shard, ask, Tagged::new(tag, to.clone()))
            };
            disk.disk.plan(plan);
            disk.shut();
            submit(0, Ask::Add(0)).expect("room");
            // The first batch stands before the gate: the others wait for the second, which fails.
            disk.stands();
            for tag in 1..=200 {
                let ask = if tag % 5 == 0 { Ask::Read } else { Ask::Add(tag) };
                submit(tag, ask).expect("room");
            }
            disk.open();
            let told: Vec<Answered> = told(&answers, 201);
            let ended = pipeline.ended().recv();
            assert!(ended.is_err(), "the journal's thread has ended");
            for (tag, told) in told {
                // A read may be answered: of a shard that has journaled nothing but what is durable.
                match told {
                    Ok(told) => assert!(told.seen <= 1 && told.number.is_none_or(|n| n == 1)),
                    Err(stopped) => {
                        assert!(tag > 0);
                        assert!(stopped.why().contains("planned: the "), "{stopped}");
                    }
                }
            }
            let Why::Stopped(later) = submit(500, Ask::Read).expect_err("it has stopped").why
            else {
                panic!("it is not full")
            };
            assert!(later.to_string().starts_with("the engine has stopped: 0000000000000001.seg"));
            assert_eq!(pipeline.stop().expect_err("it has stopped"), later);
            let (records, sealed) = on_disk(&disk.disk.crash(true, || false));
            assert!(records.len() == 1 && !sealed);
            assert!(answers.is_empty(), "none is told twice");
        }
    }
}

#[test]
fn a_panic_of_a_shard_stops_all_with_what_it_said() {
    for shards in [1, 2, 4] {
        let disk = Memory::new();
        let pipeline: Pipeline<Toy, Tag> = pipeline(&disk, shards);
        let handle = pipeline.handle();
        let (to, answers) = unbounded::<Answered>();
        let mut taken = 0;
        for tag in 0..600_u64 {
            let shard = usize::try_from(tag).expect("small") % shards;
            let ask = if tag == 300 { Ask::Panic } else { Ask::Add(tag) };
            taken += usize::from(handle.submit(shard, ask, Tagged::new(tag, to.clone())).is_ok());
        }
        let expected = format!("shard {} panicked: as asked", 300 % shards);
        let mut durable = 0;
        for (tag, told) in told(&answers, taken) {
            match told {
                Ok(_) => durable += 1,
                Err(stopped) => assert_eq!(stopped.why(), expected, "command {tag}"),
            }
        }
        assert_eq!(pipeline.stop().expect_err("it has stopped").why(), expected);
        let (records, sealed) = on_disk(&disk);
        assert!(records.len() >= durable && !sealed);
    }
}

/// A pipeline of one shard that stands in a command, and what lets it go on.
fn standing(
    disk: &Memory,
) -> (Pipeline<Toy, Tag>, Sender<Answered>, Receiver<Answered>, Sender<()>) {
    let pipeline: Pipeline<Toy, Tag> = pipeline(disk, 1);
    let (to, answers) = unbounded::<Answered>();
    let (here, is_here) = unbounded();
    let (go, goes) = unbounded();
    let wait = Ask::Wait(here, goes);
    pipeline.handle().submit(0, wait, Tagged::new(0, to.clone())).expect("room");
    is_here.recv().expect("it comes there");
    (pipeline, to, answers, go)
}

#[test]
fn of_those_taken_together_what_comes_before_a_panic_is_done_and_the_rest_is_told() {
    let disk = Memory::new();
    let (pipeline, to, answers, go) = standing(&disk);
    let together = u64::try_from(AHEAD).expect("few");
    for tag in 1..=together {
        let ask = if tag == 2 { Ask::Panic } else { Ask::Add(tag) };
        pipeline.handle().submit(0, ask, Tagged::new(tag, to.clone())).expect("room");
    }
    go.send(()).expect("it waits");
    let expected = "shard 0 panicked: as asked";
    for (tag, told) in told(&answers, AHEAD + 1) {
        match told {
            // It was decided before; whether it became durable is as it may be.
            Ok(_) => assert!(tag < 2, "command {tag}"),
            Err(stopped) => assert_eq!(stopped.why(), expected, "command {tag}"),
        }
    }
    assert_eq!(pipeline.stop().expect_err("it has stopped").why(), expected);
    let (records, sealed) = on_disk(&disk);
    assert!(records.len() <= 1 && !sealed);
}

#[test]
fn a_stop_behind_more_than_are_taken_together_lets_all_of_them_through() {
    let disk = Memory::new();
    let (pipeline, to, answers, go) = standing(&disk);
    let many = AHEAD + 8;
    for tag in 1..=u64::try_from(many).expect("few") {
        pipeline.handle().submit(0, Ask::Add(tag), Tagged::new(tag, to.clone())).expect("room");
    }
    let stopping = thread::spawn(move || pipeline.stop());
    go.send(()).expect("it waits");
    let told = told(&answers, many + 1);
    assert!(told.iter().all(|(_, told)| told.is_ok()), "{told:?}");
    let summary = stopping.join().expect("no panic").expect("a sound disk");
    let (records, sealed) = on_disk(&disk.crash(false, || false));
    assert!(sealed && records.len() == many);
    assert_eq!(summary.shards[0].made.len(), many);
}

#[test]
fn a_panic_of_a_reply_stops_all_and_the_others_are_told() {
    let disk = Memory::new();
    let pipeline: Pipeline<Toy, Boxed> = pipeline(&disk, 2);
    let (to, told) = unbounded();
    let bad = |told: Result<Told, Stopped>| assert!(told.is_err(), "a reply that should not");
    let bad = Call(Box::new(bad) as Box<_>);
    pipeline.handle().submit(0, Ask::Read, bad).expect("room");
    assert!(pipeline.ended().recv().is_err());
    let later = Call(Box::new(move |told| to.send(told).expect("the test listens")) as Box<_>);
    assert!(pipeline.handle().submit(1, Ask::Read, later).is_err());
    assert!(told.try_recv().is_err(), "it was given back");
    let stopped = pipeline.stop().expect_err("it has stopped");
    assert_eq!(stopped.why(), "the journal's thread panicked: a reply that should not");
}

#[test]
fn a_record_that_fits_no_batch_stops_all_because_it_is_applied_already() {
    let pipeline: Pipeline<Toy, Tag> = pipeline(&Memory::new(), 1);
    let (to, answers) = unbounded::<Answered>();
    let ask = Ask::Long(LIMITS.payload_bytes);
    pipeline.handle().submit(0, ask, Tagged::new(0, to)).expect("room");
    let stopped = answers.recv().expect("told").1.expect_err("it does not fit");
    assert!(stopped.why().contains("does not fit a batch"), "{stopped}");
    assert_eq!(pipeline.stop().expect_err("it has stopped"), stopped);
}

#[test]
fn dropped_it_tells_who_waits_and_does_not_seal() {
    for shards in [1, 2, 4] {
        for count in [0, 1, 300] {
            let disk = Memory::new();
            let pipeline: Pipeline<Toy, Tag> = pipeline(&disk, shards);
            let handle = pipeline.handle();
            let (to, answers) = unbounded::<Answered>();
            for tag in 0..count {
                let shard = usize::try_from(tag).expect("small") % shards;
                handle.submit(shard, Ask::Add(tag), Tagged::new(tag, to.clone())).expect("room");
            }
            drop(pipeline);
            let told: Vec<Answered> = answers.try_iter().collect();
            assert_eq!(told.len() as u64, count, "everyone is told by then");
            let answered = told.iter().filter(|(_, told)| told.is_ok()).count();
            let (records, sealed) = on_disk(&disk);
            assert!(records.len() >= answered && !sealed);
            let stopped = handle.stopped().expect("it has stopped");
            assert!(stopped.why().contains("dropped"), "{stopped}");
        }
    }
}
