//! Turns the packed core, as it stands in the script, back into a Wasm module. It is a Wasm module itself, of some 600 bytes:
//! a loop in JavaScript that has not been run before takes longer over the same characters than compiling all of the core does.
//!
//! A general compressor (gzip, brotli) sees Wasm as one row of bytes, each of which means something else than its neighbours, and finds
//! little that repeats. In the packed form (`xtask/src/sdk/pack.rs` writes it) what is of one kind stands together, as text. That
//! saves 2 KB of brotli's bytes, of which this takes back 0.5. What an opcode says already is left out: the type of a block that
//! has no result, the one global, alignments (hints that no engine needs).
//!
//! The packed form is numbers, each a UTF-8 character: the count of functions, the place (in bytes) of each stream but the first,
//! which follows here, then the others.
#![cfg_attr(target_arch = "wasm32", no_std)]

/// What is of one kind stands in one stream.
pub mod stream {
    /// All that is in no other: its length in bytes, then the bytes as they are. What stands before the functions comes first, what
    /// stands behind them last.
    pub const REST: usize = 0;
    /// Opcodes.
    pub const CODE: usize = 1;
    /// Locals.
    pub const LOCAL: usize = 2;
    /// Offsets of loads and stores.
    pub const OFFSET: usize = 3;
    /// Constants; see `BASE`.
    pub const NUMBER: usize = 4;
    /// Depths of branches.
    pub const BRANCH: usize = 5;
    /// Functions that are called.
    pub const CALL: usize = 6;
    /// How many there are.
    pub const COUNT: usize = 7;
}

/// Opcodes of our own, in places that Wasm has no use for.
pub mod code {
    /// The next part of `REST`.
    pub const REST: u32 = 6;
    /// The function ends.
    pub const LAST: u32 = 7;
}

/// But in `REST` and the header, 0 is this character: what is frequent needs one byte and no escape. 40 compresses best.
pub const SHIFT: u32 = 40;

/// Constants from this on are addresses, which begin at `BASE`: the core's stack lies below them.
pub const SMALL: u32 = 128;
/// See `SMALL`.
pub const BASE: u32 = 65536;

/// Where each stream is read, and where the module is written.
struct Unpacker {
    streams: [*const u8; stream::COUNT],
    to: *mut u8,
}

impl Unpacker {
    /// The next character of a stream.
    #[inline(never)]
    unsafe fn next(&mut self, stream: usize) -> u32 {
        // SAFETY: what was packed is well-formed UTF-8 of the Basic Multilingual Plane, and has as many characters as are asked for.
        unsafe {
            let at = self.streams.get_unchecked_mut(stream);
            let mut byte = || {
                let byte = u32::from(**at);
                *at = at.add(1);
                byte
            };
            let mut char = byte();
            // 110xxxxx has one more byte, 1110xxxx two.
            let mut more = u32::from(char > 0x7f) + u32::from(char > 0xdf);
            if more > 0 {
                char &= 31;
            }
            while more > 0 {
                char = char << 6 | byte() & 63;
                more -= 1;
            }
            char
        }
    }

    #[inline(always)]
    unsafe fn byte(&mut self, byte: u32) {
        // SAFETY: there is room for the module.
        unsafe {
            *self.to = byte as u8;
            self.to = self.to.add(1);
        }
    }

    /// A part of `REST`.
    #[inline(never)]
    unsafe fn rest(&mut self) {
        // SAFETY: as above.
        unsafe {
            for _ in 0..self.next(stream::REST) {
                let byte = self.next(stream::REST);
                self.byte(byte);
            }
        }
    }

    unsafe fn function(&mut self) {
        // SAFETY: as above.
        unsafe {
            let start = self.to;
            // The body's length goes here, in as many bytes for each.
            self.to = start.add(3);
            loop {
                let code = self.next(stream::CODE) - SHIFT;
                if code == code::REST {
                    self.rest();
                    continue;
                }
                if code == code::LAST {
                    break;
                }
                self.byte(code);
                let stream = match code {
                    // block, loop, if
                    0x02..=0x04 => {
                        self.byte(0x40);
                        continue;
                    }
                    // br, br_if
                    0x0c | 0x0d => stream::BRANCH,
                    0x10 => stream::CALL,
                    // local.get, local.set, local.tee
                    0x20..=0x22 => stream::LOCAL,
                    // global.get, global.set; loads and stores
                    0x23..=0x3e => {
                        self.byte(0);
                        if code < 0x28 {
                            continue;
                        }
                        stream::OFFSET
                    }
                    // i32.const
                    0x41 => stream::NUMBER,
                    _ => continue,
                };
                let mut number = self.next(stream) - SHIFT;
                // What the last byte of a number can hold: one bit less where there is a sign.
                let mut most = 127;
                if stream == stream::NUMBER {
                    most = 63;
                    if number >= SMALL {
                        number += BASE - SMALL;
                    }
                }
                while number > most {
                    self.byte(number | 128);
                    number >>= 7;
                }
                self.byte(number);
            }
            self.byte(0x0b);
            let end = self.to;
            let length = end as usize as u32 - start as usize as u32 - 3;
            self.to = start;
            self.byte(length | 128);
            self.byte(length >> 7 | 128);
            self.byte(length >> 14);
            self.to = end;
        }
    }

    /// Unpacks `text` to `out`; the answer is the module's length.
    unsafe fn module(&mut self, text: *const u8, out: *mut u8) -> usize {
        // SAFETY: as above.
        unsafe {
            self.to = out;
            // The first stream goes on where the header ends.
            *self.streams.get_unchecked_mut(stream::REST) = text;
            let functions = self.next(stream::REST);
            for stream in stream::REST + 1..stream::COUNT {
                let place = self.next(stream::REST) as usize;
                *self.streams.get_unchecked_mut(stream) = text.add(place);
            }
            self.rest();
            for _ in 0..functions {
                self.function();
            }
            self.rest();
            self.to as usize - out as usize
        }
    }

    const fn new() -> Self {
        Self {
            streams: [core::ptr::null(); stream::COUNT],
            to: core::ptr::null_mut(),
        }
    }
}

/// Unpacks `text`, for which `room` bytes are enough: how the build makes sure that what it packed comes back.
///
/// # Safety
/// `text` is in the packed form: nothing is checked here.
#[cfg(not(target_arch = "wasm32"))]
pub unsafe fn unpacked(text: &str, room: usize) -> Vec<u8> {
    let mut out = vec![0; room];
    // SAFETY: the caller's.
    let length = unsafe { Unpacker::new().module(text.as_ptr(), out.as_mut_ptr()) };
    out.truncate(length);
    out
}

#[cfg(target_arch = "wasm32")]
mod exports {
    use super::Unpacker;

    static mut UNPACKER: Unpacker = Unpacker::new();

    /// What JavaScript calls: see `Unpacker::module`.
    #[unsafe(no_mangle)]
    extern "C" fn unpack(text: *const u8, out: *mut u8) -> usize {
        // SAFETY: there is one thread. The build has unpacked the same text before.
        unsafe { (*(&raw mut UNPACKER)).module(text, out) }
    }

    #[panic_handler]
    fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
        core::arch::wasm32::unreachable()
    }
}
