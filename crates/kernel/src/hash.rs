//! Hashes that never change: they shard subjects, draw the outside world and name folders, so a stored
//! value stays right for ever. Not for secrets. Invariant: the outputs tested below are frozen.
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// FNV-1a, 64 bits.
pub fn stable_hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// The finaliser of SplitMix64: spreads every bit of the input over the output.
pub const fn mix(value: u64) -> u64 {
    let z = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A draw that depends on the seed and a business key alone (RULES 19), uniform over u64.
pub fn seeded_hash(seed: u64, key: &str) -> u64 {
    mix(stable_hash(key.as_bytes()) ^ mix(seed.wrapping_add(0x9e37_79b9_7f4a_7c15)))
}

/// The same draw in millionths, 0 to 999,999: compare with a probability's share.
pub fn seeded_share(seed: u64, key: &str) -> i64 {
    let scaled = (u128::from(seeded_hash(seed, key)) * 1_000_000) >> 64;
    i64::try_from(scaled).unwrap_or(0)
}

/// SHA-256 in hexadecimal, for contents of files and folders.
pub fn sha256_hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .fold(String::with_capacity(64), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_outputs_are_frozen() {
        assert_eq!(stable_hash(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(stable_hash(b"foobar"), 0x8594_4171_f739_67e8);
        assert_eq!(
            sha256_hex(b"abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_ne!(seeded_hash(1, "lot"), seeded_hash(2, "lot"));
    }

    #[test]
    fn draws_are_spread() {
        let below = (0..10_000)
            .filter(|n| seeded_share(7, &format!("lot-{n}")) < 250_000)
            .count();
        assert!((2300..2700).contains(&below), "{below}");
    }
}
