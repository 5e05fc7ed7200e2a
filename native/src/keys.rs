//! The keys of objects that look alike: after each there mostly comes the one that came last time.

use std::collections::HashMap;

use crate::bytes::{same, Fast};

/// Keys that are told apart; beyond it those that nobody asked for are looked up each time.
const MOST: usize = 256;

/// Bytes of a key that is told apart although nobody asked for it.
const LONGEST: usize = 64;

/// Keys that are remembered as having come behind another one.
const FOLLOWING: usize = 4;

pub const NO_SLOT: usize = usize::MAX;

struct Key {
    /// Where its bytes are among those of all.
    start: usize,
    end: usize,
    /// Which of the things that are asked for it is, or `NO_SLOT`.
    slot: usize,
    /// Keys that came behind it, the last one first.
    next: [usize; FOLLOWING],
}

/// All keys that were asked for or seen; the first is no key but the beginning of an object.
pub struct Keys {
    keys: Vec<Key>,
    names: Vec<u8>,
    places: HashMap<Box<[u8]>, usize, Fast>,
}

pub const START: usize = 0;

impl Keys {
    /// Makes them of the keys that are asked for; the slot of each is its place among them.
    pub fn new(names: &[String]) -> Self {
        let mut keys = Keys { keys: Vec::new(), names: Vec::new(), places: HashMap::default() };
        keys.keys.push(Key { start: 0, end: 0, slot: NO_SLOT, next: [START; FOLLOWING] });
        for (slot, name) in names.iter().enumerate() {
            // One with a backslash is written with two: no bytes of a record are to be taken for it.
            if !name.contains('\\') {
                keys.add(name.as_bytes(), slot);
            }
        }
        keys
    }

    fn add(&mut self, name: &[u8], slot: usize) -> usize {
        let place = self.keys.len();
        let start = self.names.len();
        self.names.extend_from_slice(name);
        self.keys.push(Key { start, end: self.names.len(), slot, next: [START; FOLLOWING] });
        self.places.insert(name.into(), place);
        place
    }

    /// Returns the slot of a key and its place, given the place of the one before it.
    ///
    /// `None` where it holds a backslash, so that it may be another key than its bytes say.
    #[inline]
    pub fn find(&mut self, before: usize, name: &[u8]) -> Option<(usize, usize)> {
        for place in self.keys[before].next {
            let key = &self.keys[place];
            if place != START && same(&self.names[key.start..key.end], name) {
                return Some((key.slot, place));
            }
        }
        self.look_up(before, name)
    }

    #[cold]
    fn look_up(&mut self, before: usize, name: &[u8]) -> Option<(usize, usize)> {
        let place = match self.places.get(name) {
            Some(place) => *place,
            None if name.contains(&b'\\') => return None,
            None if self.keys.len() < MOST && name.len() <= LONGEST => self.add(name, NO_SLOT),
            None => return Some((NO_SLOT, before)),
        };
        let next = &mut self.keys[before].next;
        next.rotate_right(1);
        next[0] = place;
        Some((self.keys[place].slot, place))
    }
}
