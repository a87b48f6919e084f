//! What of an error is the same in every build: both ends make of it the key that groups equal errors (the SDK the one that begins with `2:`, the collector, for clients without one, `c2:`).
//!
//! Bundlers write the hash of what is in a file into its name, and minifiers give functions other letters in each build; neither may make a new error of one that is known.

/// Letters up to which a word says nothing: minifiers name functions so, up to some hundred thousand of them.
const SHORT: i32 = 3;

/// Letters of a hash in a file's name as Vite, Rollup and esbuild write it; those of others have a digit.
const DRAWN: i32 = 8;

/// FNV-1a's start.
pub const BASIS: u32 = 0x811c_9dc5;

/// A step of FNV-1a.
#[must_use]
pub fn mix(hash: u32, byte: u8) -> u32 {
    (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
}

/// Adds the words of a text to a hash, but for those that are a build's or a visitor's: short ones; those that have a digit, which are ids, amounts, versions or hashes; and those that look drawn by lot, unless
/// a space follows. Of a function, digits are its name. Whether the last word counted: of a function its own name.
#[inline(never)]
pub fn words(hash: &mut u32, text: &[u8], function: bool) -> bool {
    let (mut sum, mut kept, mut length, mut capitals) = (*hash, *hash, 0, 0);
    let mut counts = false;
    for &byte in text.iter().chain(b" ") {
        sum = mix(sum, byte);
        // All signs below the digits part words.
        if byte < b'0' || byte == b'_' {
            counts = length > SHORT && (function || byte == b' ' || capitals < 2 || length > DRAWN);
            if counts {
                kept = sum;
            }
            // What has a digit is an id as far as its dashes go: of a UUID a group may have none.
            let id = length < 0 && matches!(byte, b'-' | b'_');
            (sum, length, capitals) = (kept, if id { i32::MIN } else { 0 }, 0);
        } else {
            capitals += i32::from(length > 0 && byte.is_ascii_uppercase());
            length += 1;
            // `<anonymous>` is no name.
            if byte == b'<' || (byte < b':' && !function) {
                length = i32::MIN;
            }
        }
    }
    *hash = kept;
    counts
}

#[cfg(test)]
mod tests {
    use super::{BASIS, words};

    fn of(text: &str, function: bool) -> (u32, bool) {
        let mut hash = BASIS;
        let counts = words(&mut hash, text.as_bytes(), function);
        (hash, counts)
    }

    #[test]
    fn what_a_bundler_writes_into_a_files_name_is_none_of_its_words() {
        for (file, words) in [
            // Vite, with any of its 64 characters.
            ("assets/index-DkX9sdQ1.js", "assets/index-"),
            ("assets/index-D-kX9_sd.js", "assets/index-"),
            ("assets/CartPage-DkXasdQf.js", "assets/CartPage-"),
            ("assets/index-legacy-BqT7uvWx.js", "assets/index-legacy-"),
            // Nuxt, SvelteKit, Turbopack.
            ("_nuxt/DkX9sdQ1.js", "nuxt/"),
            ("chunks/DkXasdQf.js", "chunks/"),
            ("chunks/0a1b2c3d4e5f6a7b.js", "chunks/"),
            // Angular, esbuild, Remix.
            ("main-QJXWBOTA.js", "main-"),
            // webpack, Next, Gatsby, Sprockets.
            ("static/js/main.8f3a1b2c.chunk.js", "static/main.chunk."),
            (
                "chunks/app/(shop)/cart/page-1a2b3c4d5e6f7a8b.js",
                "chunks/(shop)/cart/page-",
            ),
            (
                "component---src-pages-index-tsx-1a2b3c4d5e6f7a8b9c0d.js",
                "component-pages-index-",
            ),
            // Versions.
            ("npm/vue@3.4.1/dist/vue.runtime.js", "dist/runtime."),
        ] {
            assert_eq!(of(file, false).0, of(words, false).0, "{file}");
        }
        for (one, other) in [
            ("js/CheckoutController.js", "js/ProductController.js"),
            ("js/userName.js", "js/cartItem.js"),
            ("EXPIRED", "CANCELED"),
            ("NO_STOCK", "NO_PRICE"),
            ("не найден", "найден не"),
            ("注文", "商品"),
        ] {
            assert_ne!(of(one, false), of(other, false));
        }
        assert_eq!(of("order 4711", false), of("order 12", false));
        assert_eq!(of("", false), (BASIS, false));
    }

    #[test]
    fn a_function_has_the_names_that_people_gave() {
        for (function, names, own) in [
            ("Cart.total", "Cart.total", true),
            ("Cart.#v2total", "Cart.#v2total", true),
            ("Object.t", "Object.", false),
            ("new Xqe", "", false),
            ("e.t [as onClick]", "onClick]", true),
            ("HTMLButtonElement.<anonymous>", "HTMLButtonElement.", false),
            ("?", "", false),
        ] {
            assert_eq!(of(function, true), (of(names, true).0, own), "{function}");
        }
    }
}
