//! How operators share memory.
//!
//! DataFusion's `FairSpillPool` gives every operator that can spill an equal share, at work or not: with many steps most of it lies idle,
//! and what is left for the merge of a spilled sort, which cannot spill, is nothing.

use std::collections::HashMap;
use std::fmt;

use datafusion::common::{Result, resources_datafusion_err};
use datafusion::execution::memory_pool::{
    MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation,
};
use parking_lot::Mutex;

/// Shares memory among the operators that use some.
///
/// Those that can spill have three quarters at most, each as much as those that are at work and one more would have if they shared it evenly;
/// to begin with, each may have a sixteenth. The others take what is free. The last three sixteenths are for those that need little: a merge
/// of what was spilled takes what it gets, and the next one must be able to begin.
#[derive(Debug)]
pub(super) struct SharedPool {
    size: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// What each that can spill holds.
    spillable: HashMap<usize, usize>,
    /// What the others hold, all together.
    fixed: usize,
}

impl State {
    fn reserved(&self) -> usize {
        self.fixed + self.spillable.values().sum::<usize>()
    }

    fn at_work(&self) -> usize {
        self.spillable.values().filter(|held| **held > 0).count()
    }

    fn grow(&mut self, consumer: &MemoryConsumer, additional: usize) {
        match consumer.can_spill() {
            true => *self.spillable.entry(consumer.id()).or_default() += additional,
            false => self.fixed += additional,
        }
    }
}

impl SharedPool {
    pub fn new(size: usize) -> Self {
        Self {
            size,
            state: Mutex::default(),
        }
    }

    /// Whether there is room for so much more.
    fn has_room(&self, state: &State, reservation: &MemoryReservation, additional: usize) -> bool {
        let reserved = state.reserved() + additional;
        if reserved > self.size {
            return false;
        }
        let wanted = reservation.size() + additional;
        if wanted <= self.size / 32 {
            return true;
        }
        if reserved > self.size / 16 * 13 || !reservation.consumer().can_spill() {
            return reserved <= self.size / 16 * 13;
        }
        let (rest, spillable) = (self.size - state.fixed, reserved - state.fixed);
        let most = rest / 4 * 3;
        wanted <= rest / 16 || (wanted <= most / (state.at_work() + 1) && spillable <= most)
    }
}

impl MemoryPool for SharedPool {
    fn name(&self) -> &str {
        "shared"
    }

    fn register(&self, consumer: &MemoryConsumer) {
        if consumer.can_spill() {
            self.state.lock().spillable.insert(consumer.id(), 0);
        }
    }

    fn unregister(&self, consumer: &MemoryConsumer) {
        self.state.lock().spillable.remove(&consumer.id());
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        self.state.lock().grow(reservation.consumer(), additional);
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        let consumer = reservation.consumer();
        let mut state = self.state.lock();
        let held = match consumer.can_spill() {
            true => state.spillable.entry(consumer.id()).or_default(),
            false => &mut state.fixed,
        };
        *held = held.saturating_sub(shrink);
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        let consumer = reservation.consumer();
        let mut state = self.state.lock();
        if self.has_room(&state, reservation, additional) {
            state.grow(consumer, additional);
            return Ok(());
        }
        Err(resources_datafusion_err!(
            "{additional} bytes more for {}, which has {}: {} of {} are taken",
            consumer.name(),
            reservation.size(),
            state.reserved(),
            self.size
        ))
    }

    fn reserved(&self) -> usize {
        self.state.lock().reserved()
    }

    fn memory_limit(&self) -> MemoryLimit {
        MemoryLimit::Finite(self.size)
    }
}

impl fmt::Display for SharedPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "shared({} bytes)", self.size)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn reservation(pool: &Arc<dyn MemoryPool>, name: &str, spills: bool) -> MemoryReservation {
        MemoryConsumer::new(name)
            .with_can_spill(spills)
            .register(pool)
    }

    #[test]
    fn whoever_spills_leaves_room_for_the_next_and_for_what_cannot_spill() {
        let pool: Arc<dyn MemoryPool> = Arc::new(SharedPool::new(1600));
        let (one, two) = (
            reservation(&pool, "one", true),
            reservation(&pool, "two", true),
        );
        let merge = reservation(&pool, "merge", false);
        assert!(one.try_grow(1200).is_ok());
        assert!(one.try_grow(1).is_err(), "three quarters");
        assert!(two.try_grow(100).is_ok(), "a sixteenth");
        assert!(merge.try_grow(50).is_ok(), "a little");
        assert!(merge.try_grow(1).is_err());
        one.free();
        assert!(two.try_grow(300).is_ok());
    }

    #[test]
    fn operators_that_hold_nothing_cost_the_others_nothing() {
        let pool: Arc<dyn MemoryPool> = Arc::new(SharedPool::new(1600));
        let idle: Vec<_> = (0..9).map(|_| reservation(&pool, "idle", true)).collect();
        assert!(reservation(&pool, "one", true).try_grow(1200).is_ok());
        drop(idle);
        assert_eq!(pool.reserved(), 0);
    }
}
