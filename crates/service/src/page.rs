//! Pages of lists: how many rows, and the token from which the next page goes on.
//!
//! It must not know what is listed. Invariants: a token only fits the list and the arguments it was made for; a page
//! is found by key, never by counting.

use takt_kernel::sha256_hex;

use crate::Error;

/// The rows of a page when the caller does not say.
const USUAL: i64 = 50;
/// The most rows of a page.
const MOST: i64 = 1_000;

/// The rows of a page: 0 is the usual number, more than the most is the most, and a negative number is refused.
///
/// # Errors
/// `Invalid` for a negative number.
pub fn page_size(asked: i32) -> Result<i64, Error> {
    match i64::from(asked) {
        0 => Ok(USUAL),
        asked if asked < 0 => Err(Error::invalid(
            "page_size",
            format!("{asked} is negative; give 0 for {USUAL} or at most {MOST}"),
        )),
        asked => Ok(asked.min(MOST)),
    }
}

/// The token from which the next page goes on: the key of the last row, sealed with the list and its arguments.
pub struct PageToken;

impl PageToken {
    /// A token behind `last_key` of a list, `arguments` being all that chose its rows.
    pub fn seal(list: &str, arguments: &str, last_key: &str) -> String {
        let seal = seal_of(list, arguments, last_key);
        let key: String = last_key.bytes().map(|byte| format!("{byte:02x}")).collect();
        format!("1{seal}{key}")
    }

    /// Cuts rows, of which one more than a page was read where there are so many, to a page of `size`, and gives the token behind its
    /// last one; it is empty where none follows.
    pub fn cut<T>(
        rows: &mut Vec<T>,
        size: i64,
        list: &str,
        arguments: &str,
        key: impl Fn(&T) -> String,
    ) -> String {
        let size = usize::try_from(size).unwrap_or_default();
        let more = rows.len() > size;
        rows.truncate(size);
        let last = rows.last().filter(|_| more);
        last.map_or_else(String::new, |last| Self::seal(list, arguments, &key(last)))
    }

    /// The key of a token; none for an empty one, which asks for the first page.
    ///
    /// # Errors
    /// `Invalid` when the token is not one that this list made for these arguments.
    pub fn open(list: &str, arguments: &str, token: &str) -> Result<Option<String>, Error> {
        if token.is_empty() {
            return Ok(None);
        }
        let foreign = || {
            Error::invalid(
                "page_token",
                "it was not made by this list for these arguments; begin without one",
            )
        };
        let body = token.strip_prefix('1').ok_or_else(foreign)?;
        let (seal, key) = body.split_at_checked(16).ok_or_else(foreign)?;
        let bytes = (0..key.len())
            .step_by(2)
            .map(|at| {
                key.get(at..at + 2)
                    .and_then(|pair| u8::from_str_radix(pair, 16).ok())
            })
            .collect::<Option<Vec<u8>>>()
            .ok_or_else(foreign)?;
        let key = String::from_utf8(bytes).map_err(|_| foreign())?;
        if seal_of(list, arguments, &key) == seal {
            Ok(Some(key))
        } else {
            Err(foreign())
        }
    }
}

fn seal_of(list: &str, arguments: &str, key: &str) -> String {
    let mut seal = sha256_hex(format!("takt page\0{list}\0{arguments}\0{key}").as_bytes());
    seal.truncate(16);
    seal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_fits_its_list_only() {
        let token = PageToken::seal("ListOrders", "state=1", "SU7-000123");
        assert_eq!(
            PageToken::open("ListOrders", "state=1", &token)
                .ok()
                .flatten()
                .as_deref(),
            Some("SU7-000123")
        );
        assert!(PageToken::open("ListOrders", "state=2", &token).is_err());
        assert!(PageToken::open("ListVehicles", "state=1", &token).is_err());
        assert!(PageToken::open("ListOrders", "state=1", &format!("{token}00")).is_err());
        for bad in ["x", "1", "10000000000000000zz", "1éééééééé"] {
            assert!(PageToken::open("ListOrders", "", bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_page_is_followed_where_more_was_read_than_it_holds() {
        let cut = |read: i64| {
            let mut rows: Vec<i64> = (1..=read).collect();
            let token = PageToken::cut(&mut rows, 2, "List", "", i64::to_string);
            (
                rows.len(),
                PageToken::open("List", "", &token).ok().flatten(),
            )
        };
        assert_eq!(cut(3), (2, Some("2".to_owned())));
        assert_eq!(cut(2), (2, None));
        assert_eq!(cut(0), (0, None));
    }

    #[test]
    fn sizes() {
        assert_eq!(page_size(0).ok(), Some(50));
        assert_eq!(page_size(5_000).ok(), Some(1_000));
        assert!(page_size(-1).is_err());
    }
}
