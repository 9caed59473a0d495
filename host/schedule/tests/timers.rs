//! Timers by counting, and alarms on clocks that are set.

use std::cell::Cell;
use std::cmp::Ordering;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tenon_schedule::{Alarm, Clock, ManualClock, SystemClock, Timers, Woken};

const NOON: i64 = 1_900_000_800;

fn noon() -> DateTime<Utc> {
    DateTime::from_timestamp(NOON, 0).expect("a time")
}

thread_local! {
    static COMPARED: Cell<u64> = const { Cell::new(0) };
}

/// A key that counts how often it is compared; due times are equal, so that each comparison comes to the keys.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Counted(u32);

impl Ord for Counted {
    fn cmp(&self, other: &Self) -> Ordering {
        COMPARED.set(COMPARED.get() + 1);
        self.0.cmp(&other.0)
    }
}

impl PartialOrd for Counted {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[test]
fn a_hundred_thousand_schedules_take_few_steps_each() {
    const COUNT: u32 = 100_000;
    let mut timers = Timers::new();
    for key in 0..COUNT {
        timers.insert(Counted(key.wrapping_mul(2_654_435_761) % 1_000_003), noon());
    }
    let inserted = timers.len() as u64;
    // A binary search takes 17 comparisons; nodes of a B-tree are searched from one side.
    let insertion = COMPARED.take() / inserted;
    let mut popped = Vec::new();
    while let Some((_, key)) = timers.pop_due(noon()) {
        popped.push(key.0);
    }
    let pop = COMPARED.take() / inserted;
    assert_eq!(popped.len() as u64, inserted);
    assert!(popped.is_sorted());
    println!("{insertion} comparisons for each insertion, {pop} for each pop");
    assert!(insertion <= 60, "{insertion} comparisons for each insertion");
    assert!(pop <= 4, "{pop} comparisons for each pop");
}

#[test]
fn keys_move_and_leave() {
    let mut timers = Timers::new();
    let at = |minutes| noon() + TimeDelta::minutes(minutes);
    assert_eq!(timers.insert("a", at(1)), None);
    assert_eq!(timers.insert("b", at(2)), None);
    assert_eq!(timers.insert("a", at(3)), Some(at(1)));
    assert_eq!(timers.peek(), Some((at(2), &"b")));
    assert_eq!(timers.remove(&"b"), Some(at(2)));
    assert_eq!(timers.remove(&"b"), None);
    assert_eq!(timers.due(&"a"), Some(at(3)));
    assert_eq!(timers.pop_due(at(2)), None);
    assert_eq!(timers.pop_due(at(3)), Some((at(3), "a")));
    assert!(timers.is_empty());
}

/// Turns the clock by steps until the alarm rings, and answers after how long it did.
async fn ring(clock: &Arc<ManualClock>, alarm: &mut Alarm, due: Option<DateTime<Utc>>) -> (Woken, Duration) {
    let step = Duration::from_millis(50);
    let before = clock.elapsed();
    let turn = async {
        for _ in 0..10_000 {
            // Whoever has to wake does so before the clock goes on.
            for _ in 0..3 {
                tokio::task::yield_now().await;
            }
            clock.advance(step);
        }
        panic!("the alarm did not ring");
    };
    tokio::select! {
        biased;
        woken = alarm.wait(due) => (woken, clock.elapsed().saturating_sub(before)),
        () = turn => unreachable!(),
    }
}

#[tokio::test]
async fn an_alarm_rings_when_it_is_due() {
    let clock = Arc::new(ManualClock::new(noon()));
    let mut alarm = Alarm::new(clock.clone());
    let (woken, after) = ring(&clock, &mut alarm, Some(noon() + TimeDelta::milliseconds(7_330))).await;
    assert_eq!(woken, Woken::Due);
    assert_eq!(after, Duration::from_millis(7_350));
    assert_eq!(alarm.wait(Some(noon())).await, Woken::Due);
}

#[tokio::test]
async fn a_clock_that_is_set_is_noticed_within_a_second() {
    for jump in [TimeDelta::hours(1), TimeDelta::hours(-1)] {
        let clock = Arc::new(ManualClock::new(noon()));
        let mut alarm = Alarm::new(clock.clone());
        clock.advance(Duration::from_secs(3));
        for due in [None, Some(noon() + TimeDelta::days(1))] {
            let before = clock.elapsed();
            let setter = async {
                tokio::task::yield_now().await;
                clock.jump(jump);
                loop {
                    tokio::task::yield_now().await;
                    clock.advance(Duration::from_millis(50));
                }
            };
            let woken = tokio::select! {
                woken = alarm.wait(due) => woken,
                () = setter => unreachable!(),
            };
            assert_eq!(woken, Woken::Jumped(jump));
            assert!(clock.elapsed() <= before + Duration::from_secs(1));
        }
        // And what is due is due by the clock as it has been set.
        let (woken, after) = ring(&clock, &mut alarm, Some(clock.now() + TimeDelta::seconds(2))).await;
        assert_eq!((woken, after), (Woken::Due, Duration::from_secs(2)));
    }
}

#[tokio::test(start_paused = true)]
async fn the_clock_of_the_machine_sleeps_by_tokio() {
    let clock = SystemClock::default();
    let before = tokio::time::Instant::now();
    clock.sleep(Duration::from_secs(3600)).await;
    assert!(before.elapsed() >= Duration::from_secs(3600));
}
