//! The core in the app's own module: what `../../browser.rs` is where a core is a module of its own, without statics, as there may be several.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use wasm_bindgen::prelude::{Closure, JsValue, wasm_bindgen};

use super::kept;
use crate::client::Client;
use crate::host::Host;

#[wasm_bindgen]
extern "C" {
    #[derive(Debug)]
    pub(super) type CoreHost;

    #[wasm_bindgen(method)]
    fn emit(this: &CoreHost, signal: u32, pointer: usize, len: usize) -> f64;
    #[wasm_bindgen(method)]
    fn number(this: &CoreHost, value: f64, pointer: usize) -> usize;
}

/// The three functions by which the adapters reach a core; they keep it.
pub(super) struct Ways {
    pub(super) connect: JsValue,
    pub(super) buffer: JsValue,
    pub(super) put: JsValue,
}

/// What a core's surroundings share with it.
#[derive(Default)]
struct Shared {
    host: RefCell<Option<CoreHost>>,
    /// The message, and the answer to a hook: two, because the message is still read while a hook is asked.
    input: RefCell<Vec<u8>>,
    answer: RefCell<Vec<u8>>,
    busy: Cell<bool>,
    /// What the wall clock showed when the message was made.
    wall: Cell<f64>,
}

struct Outside {
    shared: Rc<Shared>,
    /// The last answer, taken over once JavaScript has written it.
    answer: Vec<u8>,
}

/// A new core. None of it runs before `connect`.
pub(super) fn ways() -> Ways {
    let shared = Rc::new(Shared::default());
    let client = RefCell::new(Client::new(Outside {
        shared: Rc::clone(&shared),
        answer: Vec::new(),
    }));
    let host = Rc::clone(&shared);
    let room = Rc::clone(&shared);
    Ways {
        connect: kept(Closure::<dyn Fn(CoreHost)>::new(move |given| {
            host.host.replace(Some(given));
        })),
        buffer: kept(Closure::<dyn Fn(usize) -> usize>::new(move |len| {
            room.buffer(len)
        })),
        put: kept(Closure::<dyn Fn(u32, f64, f64, usize) -> f64>::new(
            move |op, now, wall, len| {
                // Held for ever by a `put` that JavaScript threw through, as a trap would have left it: this core has ended.
                let Ok(mut client) = client.try_borrow_mut() else {
                    return f64::INFINITY;
                };
                shared.wall.set(wall);
                let message = shared.input.take();
                shared.busy.set(true);
                let due = client.put(op, now, message.get(..len).unwrap_or_default());
                shared.busy.set(false);
                shared.input.replace(message);
                due
            },
        )),
    }
}

impl Shared {
    /// The address of a buffer for a message of `len` bytes; while `put` runs, of one for the answer to a hook.
    fn buffer(&self, len: usize) -> usize {
        let mut buffer = if self.busy.get() {
            &self.answer
        } else {
            &self.input
        }
        .borrow_mut();
        buffer.clear();
        buffer.resize(len, 0);
        buffer.as_mut_ptr() as usize
    }
}

impl Host for Outside {
    fn emit(&mut self, signal: u32, bytes: &[u8]) -> f64 {
        // Held only to read it: JavaScript has no reason to connect again meanwhile.
        let answer = self.shared.host.borrow().as_ref().map_or(f64::NAN, |host| {
            host.emit(signal, bytes.as_ptr() as usize, bytes.len())
        });
        self.answer = self.shared.answer.take();
        answer
    }

    fn number(&self, value: f64, room: &mut [u8]) -> usize {
        match &*self.shared.host.borrow() {
            // The longest is `-2.2250738585072014e-308`.
            Some(host) if room.len() >= 32 => host.number(value, room.as_mut_ptr() as usize),
            _ => 0,
        }
    }

    fn wall(&self) -> f64 {
        self.shared.wall.get()
    }

    fn answer(&self, len: usize) -> &[u8] {
        self.answer.get(..len).unwrap_or_default()
    }
}
