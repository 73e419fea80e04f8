//! Numbers of sources and lots.

use takt_kernel::LotNumber;

use super::SourceNo;

#[test]
fn a_source_is_an_item_and_a_rank_and_numbers_its_lots() {
    let source = SourceNo::new(338, 2);
    assert_eq!(
        (source.0, source.item_no(), source.rank()),
        (33_802, 338, 2)
    );
    assert_eq!(source.lot(12), Some(LotNumber(338_020_000_012)));
    assert_eq!(source.lot(12).map(SourceNo::of_lot), Some(source));
    assert_eq!((source.lot(0), source.lot(10_000_000)), (None, None));
}
