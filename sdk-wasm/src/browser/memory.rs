//! The allocator: size classes by powers of two with a free list each, over pages that are never given back.
//! General allocators cost 2 to 10 KB; a core that lives as long as its page and holds a few bounded vectors needs no more.

use core::alloc::{GlobalAlloc, Layout};
use core::arch::wasm32::{memory_grow, memory_size};
use core::cell::UnsafeCell;

const PAGE: usize = 65536;
/// 16 bytes to 2 GiB.
const CLASSES: usize = 28;

struct State {
    free: [*mut u8; CLASSES],
    next: usize,
    end: usize,
}

struct SizeClasses(UnsafeCell<State>);

// SAFETY: Wasm here has one thread.
unsafe impl Sync for SizeClasses {}

fn class(layout: Layout) -> usize {
    let size = layout.size().max(layout.align()).max(16);
    (usize::BITS - (size - 1).leading_zeros()) as usize - 4
}

// SAFETY: a block is handed out once until it is freed; blocks are aligned to at least 16, which no type here exceeds.
unsafe impl GlobalAlloc for SizeClasses {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: one thread, no re-entry.
        let state = unsafe { &mut *self.0.get() };
        let class = class(layout);
        let head = state.free[class];
        if !head.is_null() {
            // SAFETY: a free block holds the next one's address in its first bytes.
            state.free[class] = unsafe { *head.cast::<*mut u8>() };
            return head;
        }
        let size = 16usize << class;
        if state.end - state.next < size {
            let pages = size.div_ceil(PAGE);
            let from = memory_size::<0>() * PAGE;
            if memory_grow::<0>(pages) == usize::MAX {
                return core::ptr::null_mut();
            }
            if state.end != from {
                state.next = from;
            }
            state.end = from + pages * PAGE;
        }
        let block = state.next;
        state.next += size;
        block as *mut u8
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: one thread; the block is no longer used by anyone.
        unsafe {
            let state = &mut *self.0.get();
            let class = class(layout);
            *block.cast::<*mut u8>() = state.free[class];
            state.free[class] = block;
        }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: one thread; the caller keeps to `GlobalAlloc`'s contract. What was not handed out before is zero.
        unsafe {
            let fresh = (*self.0.get()).free[class(layout)].is_null();
            let block = self.alloc(layout);
            if !fresh {
                core::ptr::write_bytes(block, 0, layout.size());
            }
            block
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller keeps to `GlobalAlloc`'s contract.
        unsafe {
            let wanted = Layout::from_size_align_unchecked(size, layout.align());
            if class(wanted) == class(layout) {
                return block;
            }
            let to = self.alloc(wanted);
            if !to.is_null() {
                core::ptr::copy_nonoverlapping(block, to, layout.size().min(size));
                self.dealloc(block, layout);
            }
            to
        }
    }
}

#[global_allocator]
static ALLOCATOR: SizeClasses = SizeClasses(UnsafeCell::new(State {
    free: [core::ptr::null_mut(); CLASSES],
    next: 0,
    end: 0,
}));
