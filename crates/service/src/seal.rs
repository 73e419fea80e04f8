//! Sealing what may be read by nobody who has the database alone: personal data.
//!
//! It must not know what is sealed. Method: AES-256-GCM (NIST SP 800-38D) with a random nonce of 96 bits, bound to the name
//! of the thing by additional data, so that a row cannot be moved to another name. Invariants: a key is never printed; who
//! has no key can neither seal nor open; what was sealed with an older key is opened with it and sealed with the newest.

use std::fmt;

use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    digest::{SHA256, digest},
    hmac,
    rand::{SecureRandom, SystemRandom},
};

use crate::Error;

/// The bytes of a key.
const KEY: usize = 32;
/// The bytes by which a key is known.
const ID: usize = 8;
/// The first byte of what is sealed: how it was done. Random nonces are good for 2^32 seals with one key.
const VERSION: u8 = 1;

/// A key and the name by which rows know it.
#[derive(Clone)]
struct Key {
    id: [u8; ID],
    secret: LessSafeKey,
    mark: hmac::Key,
}

/// The keys of a service, the newest first; none where nobody gave one.
#[derive(Clone, Default)]
pub struct Keys(Vec<Key>);

impl fmt::Debug for Keys {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Keys({} keys)", self.0.len())
    }
}

impl PartialEq for Keys {
    fn eq(&self, other: &Self) -> bool {
        self.0
            .iter()
            .map(|key| key.id)
            .eq(other.0.iter().map(|key| key.id))
    }
}

impl Eq for Keys {}

/// Why a text holds no keys; it never holds the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeysError {
    /// A line that is no key.
    #[error(
        "line {line} is no key: a key is 64 hexadecimal digits, as `openssl rand -hex 32` makes them"
    )]
    NoKey {
        /// The line, from 1.
        line: usize,
    },
    /// No line at all.
    #[error("there is no key in it: give one of 64 hexadecimal digits on a line, the newest first")]
    Empty,
    /// The same key twice.
    #[error("line {line} is a key that stands before it")]
    Twice {
        /// The line, from 1.
        line: usize,
    },
}

impl Keys {
    /// Reads keys, one on a line, the newest first; empty lines and what stands behind `#` are left out.
    ///
    /// # Errors
    /// The line that is wrong.
    pub fn parse(text: &str) -> Result<Self, KeysError> {
        let mut keys: Vec<Key> = Vec::new();
        for (line, text) in (1..).zip(text.lines()) {
            let digits = text.split('#').next().unwrap_or_default().trim();
            if digits.is_empty() {
                continue;
            }
            let no_key = KeysError::NoKey { line };
            let bytes = bytes_of(digits).ok_or(no_key.clone())?;
            let secret = UnboundKey::new(&AES_256_GCM, &bytes).map_err(|_| no_key)?;
            let mut id = [0; ID];
            let hash = digest(&SHA256, &bytes);
            id.iter_mut()
                .zip(hash.as_ref())
                .for_each(|(id, byte)| *id = *byte);
            if keys.iter().any(|key| key.id == id) {
                return Err(KeysError::Twice { line });
            }
            keys.push(Key {
                id,
                secret: LessSafeKey::new(secret),
                mark: hmac::Key::new(hmac::HMAC_SHA256, &bytes),
            });
        }
        if keys.is_empty() {
            return Err(KeysError::Empty);
        }
        Ok(Self(keys))
    }

    /// Whether nobody gave a key.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The name of the newest key, as rows know it.
    pub fn newest(&self) -> Option<String> {
        self.0.first().map(|key| hex(&key.id))
    }

    /// A mark of bytes that tells nothing of them to who has no key: HMAC-SHA-256 (RFC 2104) with the newest one.
    ///
    /// # Errors
    /// `Refused` without a key.
    pub fn mark(&self, bytes: &[u8]) -> Result<String, Error> {
        let key = self.0.first().ok_or_else(keyless)?;
        Ok(hex(hmac::sign(&key.mark, bytes).as_ref()))
    }

    /// Seals bytes under a name with the newest key.
    ///
    /// # Errors
    /// `Refused` without a key; `Broken` when the system gives no random bytes.
    pub fn seal(&self, name: &str, plain: &[u8]) -> Result<Sealed, Error> {
        let key = self.0.first().ok_or_else(keyless)?;
        let mut nonce = [0; NONCE_LEN];
        SystemRandom::new()
            .fill(&mut nonce)
            .map_err(|_| Error::broken("the system gives no random bytes"))?;
        let mut sealed = plain.to_vec();
        (key.secret)
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(name.as_bytes()),
                &mut sealed,
            )
            .map_err(|_| Error::broken("what is to be sealed is too long"))?;
        let mut bytes = vec![VERSION];
        bytes.extend(nonce);
        bytes.extend(sealed);
        Ok(Sealed {
            key: hex(&key.id),
            bytes,
        })
    }

    /// Opens what was sealed under a name.
    ///
    /// # Errors
    /// `Refused` where its key was not given; `Broken` when the bytes are not what was sealed under the name.
    pub fn open(&self, name: &str, sealed: &Sealed) -> Result<Vec<u8>, Error> {
        if self.0.is_empty() {
            return Err(keyless());
        }
        let key = self.0.iter().find(|key| hex(&key.id) == sealed.key);
        let key = key.ok_or_else(|| {
            Error::refused(
                "PERSONAL_DATA_KEY_UNKNOWN",
                format!(
                    "it was encrypted with the key {}, which this service was not given; add that key behind the newest one",
                    sealed.key
                ),
            )
        })?;
        let spoiled = || Error::broken("encrypted data is not what was written under its name");
        let (version, rest) = sealed.bytes.split_first().ok_or_else(spoiled)?;
        let (nonce, cipher) = rest.split_at_checked(NONCE_LEN).ok_or_else(spoiled)?;
        if *version != VERSION {
            return Err(spoiled());
        }
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| spoiled())?;
        let mut plain = cipher.to_vec();
        let opened = (key.secret).open_in_place(nonce, Aad::from(name.as_bytes()), &mut plain);
        Ok(opened.map_err(|_| spoiled())?.to_vec())
    }
}

/// Sealed bytes, and the key that opens them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// The name of the key.
    pub key: String,
    /// The bytes.
    pub bytes: Vec<u8>,
}

fn keyless() -> Error {
    Error::refused(
        "PERSONAL_DATA_KEY_MISSING",
        "this service was given no key for personal data; start it with --personal-data-key FILE or TAKT_PERSONAL_DATA_KEY",
    )
}

fn bytes_of(digits: &str) -> Option<[u8; KEY]> {
    let mut bytes = [0; KEY];
    if digits.len() != 2 * KEY || !digits.is_ascii() {
        return None;
    }
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(digits.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(bytes)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::reason_of;

    const OLD: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    const NEW: &str = "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308";

    fn reason(error: Error) -> Option<String> {
        reason_of(&error.into())
    }

    #[test]
    fn what_is_sealed_opens_under_its_name_and_key_alone() {
        let keys = Keys::parse(OLD).unwrap();
        let sealed = keys.seal("C-1", "Li Lei".as_bytes()).unwrap();
        assert_eq!(keys.open("C-1", &sealed).unwrap(), "Li Lei".as_bytes());
        // Nothing of it can be read, and the same thing looks different each time.
        assert!(!sealed.bytes.windows(6).any(|part| part == b"Li Lei"));
        assert_ne!(keys.seal("C-1", b"Li Lei").unwrap().bytes, sealed.bytes);
        // Another name, another byte, a shorter row: none is taken for it.
        assert!(keys.open("C-2", &sealed).is_err());
        for at in 0..sealed.bytes.len() {
            let mut spoiled = sealed.clone();
            spoiled.bytes[at] ^= 1;
            assert!(keys.open("C-1", &spoiled).is_err(), "byte {at}");
            spoiled.bytes.truncate(at);
            assert!(keys.open("C-1", &spoiled).is_err(), "{at} bytes");
        }
    }

    #[test]
    fn an_older_key_opens_and_the_newest_seals() {
        let old = Keys::parse(OLD).unwrap();
        let sealed = old.seal("C-1", b"Han Meimei").unwrap();
        let both = Keys::parse(&format!("# rotated\n{NEW}\n\n{OLD}  # 2024\n")).unwrap();
        assert_eq!(both.open("C-1", &sealed).unwrap(), b"Han Meimei");
        assert_eq!(both.seal("C-1", b"x").unwrap().key, both.newest().unwrap());
        let new = Keys::parse(NEW).unwrap();
        let refused = new.open("C-1", &sealed).unwrap_err();
        assert_eq!(
            reason(refused).as_deref(),
            Some("PERSONAL_DATA_KEY_UNKNOWN")
        );
        let none = Keys::default();
        for refused in [
            none.open("C-1", &sealed).unwrap_err(),
            none.seal("C-1", b"x").unwrap_err(),
        ] {
            assert_eq!(
                reason(refused).as_deref(),
                Some("PERSONAL_DATA_KEY_MISSING")
            );
        }
    }

    #[test]
    fn a_mark_is_of_the_bytes_and_of_the_key() {
        let (old, new) = (Keys::parse(OLD).unwrap(), Keys::parse(NEW).unwrap());
        assert_eq!(old.mark(b"a").unwrap(), old.mark(b"a").unwrap());
        assert_ne!(old.mark(b"a").unwrap(), old.mark(b"b").unwrap());
        assert_ne!(old.mark(b"a").unwrap(), new.mark(b"a").unwrap());
    }

    #[test]
    fn the_published_vector_opens() {
        // NIST, The Galois/Counter Mode of Operation (2004), test case 16: key, nonce, additional data and text as printed.
        let keys = Keys::parse(NEW).unwrap();
        let from = |digits: &str| -> Vec<u8> {
            (0..digits.len() / 2)
                .map(|at| u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).unwrap())
                .collect()
        };
        let (nonce, aad) = (
            from("cafebabefacedbaddecaf888"),
            from("feedfacedeadbeeffeedfacedeadbeefabaddad2"),
        );
        let plain = "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39";
        let cipher = "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b";
        let mut bytes = from(cipher);
        let nonce = Nonce::try_assume_unique_for_key(&nonce).unwrap();
        let opened = keys.0[0]
            .secret
            .open_in_place(nonce, Aad::from(aad), &mut bytes)
            .unwrap();
        assert_eq!(opened.to_vec(), from(plain));
    }

    #[test]
    fn a_key_is_never_printed_and_a_bad_one_names_its_line() {
        let keys = Keys::parse(OLD).unwrap();
        assert_eq!(format!("{keys:?}"), "Keys(1 keys)");
        assert_eq!(Keys::parse(""), Err(KeysError::Empty));
        let wrong = format!("{OLD}\n{}", &NEW[..62]);
        let error = Keys::parse(&wrong).unwrap_err();
        assert_eq!(error, KeysError::NoKey { line: 2 });
        assert!(!error.to_string().contains(&NEW[..8]));
        assert_eq!(
            Keys::parse(&format!("{OLD}\n{OLD}")),
            Err(KeysError::Twice { line: 2 })
        );
        assert!(Keys::parse(&"é".repeat(32)).is_err());
    }
}
