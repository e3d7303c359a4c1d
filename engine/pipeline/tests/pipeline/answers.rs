//! What is answered, when, and in which order; and what is refused.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crossbeam_channel::{bounded, unbounded};
use yidan_journal::storage::memory::Memory;
use yidan_pipeline::{Call, Pipeline, Refused, Settings, Stopped, Tagged, Why, start};

use crate::toy::{
    Answered, Ask, Boxed, Dice, Gated, LIMITS, Tag, Told, Toy, on_disk, pipeline, record, told,
};

#[test]
fn each_shard_decides_journals_and_answers_in_the_order_of_submission() {
    for shards in [1, 2, 4] {
        let disk = Memory::new();
        let pipeline: Pipeline<Toy, Tag> = pipeline(&disk, shards);
        let (handle, mut dice) = (pipeline.handle(), Dice(shards as u64));
        let (to, answers) = unbounded::<Answered>();
        let mut asked = vec![Vec::new(); shards];
        for tag in 0..3_000 {
            let shard = usize::try_from(dice.below(shards as u64)).expect("small");
            let adds = dice.below(4) > 0;
            let ask = if adds { Ask::Add(tag) } else { Ask::Read };
            handle.submit(shard, ask, Tagged::new(tag, to.clone())).expect("room");
            asked[shard].push((tag, adds));
        }
        let answered: Vec<Answered> = told(&answers, 3_000);
        let summary = pipeline.stop().expect("a sound disk");
        let (records, sealed) = on_disk(&disk);
        assert!(sealed);
        for (shard, asked) in asked.iter().enumerate() {
            let tags: Vec<u64> = asked.iter().map(|(tag, _)| *tag).collect();
            let mine = answered.iter().filter(|(tag, _)| tags.binary_search(tag).is_ok());
            let mut last = 0;
            for ((tag, adds), (answered, told)) in asked.iter().zip(mine.clone()) {
                let told = told.as_ref().expect("answered");
                assert_eq!((tag, *adds, last), (answered, told.number.is_some(), told.seen));
                if let Some(number) = told.number {
                    assert!(number > last, "numbers grow");
                    let place = usize::try_from(number).expect("small") - 1;
                    assert_eq!(records[place], record(shard, *tag));
                    last = number;
                }
            }
            assert_eq!(mine.count(), asked.len());
            let adds = asked.iter().filter(|(_, adds)| *adds).count();
            assert_eq!(summary.shards[shard].made.len(), adds);
        }
        let adds = asked.iter().flatten().filter(|(_, adds)| *adds).count();
        assert_eq!(records.len(), adds);
        let measures = summary.measures;
        assert_eq!(measures.settle.queue_wait_ns.len(), 3_000);
        assert_eq!(measures.settle.step_ns.len(), 3_000);
        assert_eq!(measures.journal.answer_wait_ns.len(), 3_000);
        assert_eq!(measures.journal.records, adds as u64);
        assert_eq!(measures.journal.commit_ns.len(), measures.journal.batch_records.len());
    }
}

#[test]
fn nothing_is_answered_before_it_and_all_it_saw_would_survive_the_power() {
    for shards in [1, 2, 4] {
        let disk = Memory::new();
        let pipeline: Pipeline<Toy, Boxed> = pipeline(&disk, shards);
        let handle = pipeline.handle();
        let (to, answers) = unbounded();
        for value in 0..400 {
            let ask = if value % 3 == 0 { Ask::Read } else { Ask::Add(value) };
            let (to, disk) = (to.clone(), disk.clone());
            // Called while nothing else happens to the disk: what it would have if the power went now.
            let reply = move |told: Result<Told, Stopped>| {
                let (records, _) = on_disk(&disk.crash(false, || false));
                to.send((records.len() as u64, told)).expect("the test listens");
            };
            let shard = usize::try_from(value).expect("small") % shards;
            handle.submit(shard, ask, Call(Box::new(reply))).expect("room");
        }
        for (durable, told) in told(&answers, 400) {
            let told = told.expect("answered");
            assert!(told.seen <= durable && told.number.is_none_or(|number| number <= durable));
        }
        pipeline.stop().expect("a sound disk");
    }
}

#[test]
fn while_a_sync_is_on_its_way_neither_its_records_nor_what_saw_them_are_answered() {
    for shards in [1, 2, 4] {
        let disk = Gated::default();
        let pipeline: Pipeline<Toy, Tag> = pipeline(&disk, shards);
        let handle = pipeline.handle();
        let (to, answers) = unbounded::<Answered>();
        for round in 0..20_u64 {
            disk.shut();
            for shard in 0..shards {
                let tag =
                    |place: u64| Tagged::new(100 * round + 10 * shard as u64 + place, to.clone());
                handle.submit(shard, Ask::Add(round), tag(0)).expect("room");
                handle.submit(shard, Ask::Read, tag(1)).expect("room");
                handle.submit(shard, Ask::Add(round), tag(2)).expect("room");
            }
            disk.stands();
            let early = answers.len();
            disk.open();
            assert_eq!(early, 0, "round {round}");
            assert_eq!(
                told(&answers, 3 * shards).iter().filter(|(_, told)| told.is_ok()).count(),
                3 * shards
            );
        }
        pipeline.stop().expect("a sound disk");
    }
}

#[test]
fn a_full_queue_refuses_at_once_and_gives_the_command_back() {
    let disk = Memory::new();
    let toys = vec![Toy::new(0), Toy::new(1)];
    let settings = Settings { queue: 3, cores: Vec::new() };
    let pipeline: Pipeline<Toy, Tag> =
        start(toys, crate::toy::writer(disk), &settings).expect("threads");
    let handle = pipeline.handle();
    let (to, answers) = unbounded::<Answered>();
    let ((here, is_here), (go, let_go)) = (bounded(1), bounded(1));
    handle.submit(0, Ask::Wait(here, let_go), Tagged::new(0, to.clone())).expect("room");
    is_here.recv().expect("it is being decided");
    for tag in 1..=3 {
        handle.submit(0, Ask::Add(tag), Tagged::new(tag, to.clone())).expect("room");
    }
    for _ in 0..2 {
        let refused = handle.submit(0, Ask::Add(4), Tagged::new(4, to.clone()));
        let Err(Refused { command: Ask::Add(4), reply: _, why }) = refused else {
            panic!("{refused:?}")
        };
        let Why::Full { retry_after } = why else { panic!("{why:?}") };
        assert!((Duration::from_millis(1)..=Duration::from_secs(1)).contains(&retry_after));
    }
    // The other shard has its own queue.
    handle.submit(1, Ask::Add(9), Tagged::new(9, to.clone())).expect("room");
    assert_eq!(answers.recv().expect("an answer").0, 9);
    go.send(()).expect("it waits for this");
    let tags: Vec<u64> = told(&answers, 4)
        .into_iter()
        .map(|(tag, told)| told.map(|_| tag).expect("answered"))
        .collect();
    assert_eq!(tags, [0, 1, 2, 3]);
    assert_eq!(pipeline.measures().refused, 2);
    pipeline.stop().expect("a sound disk");
    assert!(answers.is_empty(), "what was given back is not answered too");
}

#[test]
fn more_than_fits_a_batch_goes_into_several_and_none_is_larger_than_its_bounds() {
    let disk = Gated::default();
    let pipeline: Pipeline<Toy, Tag> = pipeline(&disk, 2);
    let (handle, (to, answers)) = (pipeline.handle(), unbounded::<Answered>());
    disk.shut();
    for tag in 0..2_000 {
        let shard = usize::from(tag % 3 == 0);
        handle.submit(shard, Ask::Add(tag), Tagged::new(tag, to.clone())).expect("room");
    }
    disk.open();
    assert_eq!(told(&answers, 2_000).iter().filter(|(_, told)| told.is_ok()).count(), 2_000);
    let journal = pipeline.stop().expect("a sound disk").measures.journal;
    assert!(journal.batch_records.max() <= u64::from(LIMITS.records));
    assert!(journal.commit_ns.len() >= 2_000 / u64::from(LIMITS.records));
    assert_eq!(journal.records, 2_000);
}

#[test]
fn threads_stay_on_the_cores_they_are_given() {
    let before = rustix::thread::sched_getaffinity(None).expect("a thread has cores").count();
    let (to, answers) = unbounded::<Answered>();
    let settings = Settings { queue: 10, cores: vec![0] };
    let toys = vec![Toy::new(0), Toy::new(1)];
    let writer = crate::toy::writer(Memory::new());
    let pipeline: Pipeline<Toy, Tag> = start(toys, writer, &settings).expect("core 0 is there");
    for shard in 0..2 {
        pipeline.handle().submit(shard, Ask::Cores, Tagged::new(0, to.clone())).expect("room");
    }
    assert!(told(&answers, 2).into_iter().all(|(_, told)| told.is_ok_and(|told| told.cores == 1)));
    pipeline.stop().expect("a sound disk");
    let after = rustix::thread::sched_getaffinity(None).expect("a thread has cores").count();
    assert_eq!(before, after, "the one that started them is bound no more than before");
    for core in [1_023, 1_000_000] {
        let settings = Settings { queue: 10, cores: vec![0, 0, core] };
        let writer = crate::toy::writer(Memory::new());
        let toys = vec![Toy::new(0), Toy::new(1)];
        let started: Result<Pipeline<Toy, Tag>, _> = start(toys, writer, &settings);
        let Err(error) = started else { panic!("core {core} is there") };
        assert_eq!((error.thread.as_str(), error.core), ("journal", Some(core)));
        let settings = Settings { queue: 10, cores: vec![0, core, 0] };
        let writer = crate::toy::writer(Memory::new());
        let toys = vec![Toy::new(0), Toy::new(1)];
        let started: Result<Pipeline<Toy, Tag>, _> = start(toys, writer, &settings);
        let Err(error) = started else { panic!("core {core} is there") };
        assert!(
            error.to_string().contains(&format!("settle-1 could not be started on core {core}"))
        );
    }
}

#[test]
fn commands_of_one_thread_keep_their_order_among_those_of_others() {
    let disk = Memory::new();
    let pipeline: Pipeline<Toy, Tag> = pipeline(&disk, 1);
    let all = Arc::new(Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for thread in 0..4_u64 {
            let (handle, all) = (pipeline.handle(), Arc::clone(&all));
            scope.spawn(move || {
                let (to, answers) = unbounded::<Answered>();
                for place in 0..500 {
                    let tag = thread * 1_000 + place;
                    handle.submit(0, Ask::Add(tag), Tagged::new(tag, to.clone())).expect("room");
                }
                let mine: Vec<Answered> = told(&answers, 500);
                assert!(mine.is_sorted_by_key(|(tag, _)| *tag));
                let numbers = mine.iter().map(|(_, told)| {
                    told.as_ref().expect("answered").number.expect("a record was made")
                });
                all.lock().expect("no thread panics with it").extend(numbers);
            });
        }
    });
    pipeline.stop().expect("a sound disk");
    let mut numbers = all.lock().expect("no thread panicked").clone();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=2_000).collect::<Vec<u64>>());
}
