//! HMAC-SHA-256, of which 64 bits are kept: enough that two of a million visitors hardly ever meet.

use sha2::{Digest, Sha256};

/// SHA-256's block.
const BLOCK: usize = 64;

/// `hash:` and sixteen letters. Letters alone, so that no hash looks like a number that is to be scrubbed.
pub(super) fn keyed(key: &[u8], text: &str) -> String {
    let digest = hmac(key, text.as_bytes());
    let mut out = String::from("hash:");
    for byte in &digest[..8] {
        out.push(char::from(b'a' + (byte >> 4)));
        out.push(char::from(b'a' + (byte & 15)));
    }
    out
}

fn hmac(key: &[u8], text: &[u8]) -> [u8; 32] {
    let mut block = [0; BLOCK];
    if key.len() > BLOCK {
        block[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let inner = Sha256::new()
        .chain_update(block.map(|byte| byte ^ 0x36))
        .chain_update(text)
        .finalize();
    let outer = Sha256::new().chain_update(block.map(|byte| byte ^ 0x5c));
    outer.chain_update(inner).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hex::hex;

    #[test]
    fn it_is_the_hmac_of_rfc_4231() {
        assert_eq!(
            hex(&hmac(b"Jefe", b"what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
        assert_eq!(
            hex(&hmac(
                &[0xaa; 131],
                b"Test Using Larger Than Block-Size Key - Hash Key First"
            )),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        );
    }

    #[test]
    fn equal_texts_hash_alike_under_one_key_only() {
        assert_eq!(
            keyed(b"one", "ana@example.org"),
            keyed(b"one", "ana@example.org")
        );
        assert_ne!(
            keyed(b"one", "ana@example.org"),
            keyed(b"two", "ana@example.org")
        );
    }
}
