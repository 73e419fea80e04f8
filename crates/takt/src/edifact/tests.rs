//! Round trips, files of others, files that are not whole, and bytes of any kind.
use proptest::prelude::*;
use takt_kernel::{Date, LotId, ParseError, Quantity, Unit};

use super::write::Parts;
use super::*;

fn day(n: i32) -> Date {
    Date::from_epoch_day(19_800 + n)
}

fn envelope() -> Envelope {
    Envelope {
        sender: "PLANT".into(),
        recipient: "BETA".into(),
        prepared_on: day(0),
        reference: "240318000001".into(),
    }
}

fn schedule() -> Delfor {
    let line = |on, commitment, units| DelforLine {
        due_on: day(on),
        commitment,
        quantity: Quantity::from_units(units),
    };
    Delfor {
        number: "CO-BETA-20240318".into(),
        issued_on: day(0),
        buyer: "PLANT".into(),
        supplier: "BETA".into(),
        items: vec![DelforItem {
            item: "BOLT".into(),
            release: "17".into(),
            unit: Unit::Piece,
            reset_on: Some(day(-70)),
            received: Quantity::from_units(1000),
            backlog: Quantity::from_units(50),
            fabrication: Some(Quantity::from_units(1500)),
            material: Some(Quantity::from_units(1620)),
            lines: vec![
                line(-1, Commitment::Firm, 50),
                line(12, Commitment::Fabrication, 150),
                line(25, Commitment::Material, 120),
                line(40, Commitment::Forecast, 80),
            ],
        }],
    }
}

fn only(file: &[u8]) -> Result<Message, Flaw> {
    let mut read = Interchange::read(file)?;
    assert_eq!(read.messages.len(), 1);
    Ok(read.messages.remove(0))
}

/// The file of the page: what it shows is what is written.
#[test]
fn a_release_is_written_as_the_page_shows_it() -> Result<(), Box<dyn std::error::Error>> {
    let file = schedule().write(Separators::default(), &envelope())?;
    let text = String::from_utf8(file.clone())?;
    let page = include_str!("../../../../docs/edifact.md");
    for line in text.lines() {
        assert!(
            page.contains(&format!("    {line}\n")),
            "docs/edifact.md has no line {line}\n{text}"
        );
    }
    assert_eq!(Delfor::read(&only(&file)?)?, schedule());
    Ok(())
}

/// A schedule of the directory D.04A: the condition stands before its quantities, and the seller is named.
#[test]
fn a_schedule_of_a_later_directory_is_read() -> Result<(), Flaw> {
    let text = "UNB+UNOC:3+BUYER:OD+MAKER:OD+240318:1200+42'UNH+1+DELFOR:D:04A:UN'BGM+241+S-1+9'DTM+137:202403181200:203'\
                NAD+BY+BUYER::92'NAD+SE+MAKER::92'GEI+3+37'NAD+CN+HALL 3::92'LIN+1++P?+1:IN'PIA+1+A:EC'RFF+ON:4711'\
                QTY+70:12,5:KGM'DTM+51:20240101:102'SCC+1++W'QTY+113:100:KGM'DTM+2:20240320:102'QTY+113:50:KGM'DTM+2:20240321:102'\
                SCC+4'QTY+113:70:KGM'DTM+64:20240401:102'DTM+63:20240407:102'UNT+22+1'UNZ+1+42'";
    let text = text.replace("12,5", "12.5");
    let read = Delfor::read(&only(text.as_bytes())?)?;
    let lines: Vec<_> = (read.items[0].lines.iter())
        .map(|line| (line.due_on.to_string(), line.commitment, line.quantity))
        .collect();
    let units = Quantity::from_units;
    assert_eq!(
        lines,
        [
            ("2024-03-20".to_owned(), Commitment::Firm, units(100)),
            ("2024-03-21".to_owned(), Commitment::Firm, units(50)),
            ("2024-04-01".to_owned(), Commitment::Forecast, units(70)),
        ]
    );
    assert_eq!(read.items[0].item, "P+1");
    assert_eq!(read.items[0].received, Quantity(12_500));
    Ok(())
}

#[test]
fn flaws_name_segment_and_place() {
    let file = |body: &str, count: usize| {
        format!(
            "UNA:+.? '\nUNB+UNOC:3+A+B+240318:0000+R1'\nUNH+1+DESADV:D:96A:UN'\n{body}UNT+{count}+1'\nUNZ+1+R1'\n"
        )
    };
    let goods = "BGM+351+ASN-1+9'\nDTM+11:20240318:102'\nDTM+132:20240320:102'\nNAD+SU+BETA::92'\nCPS+1'\nLIN+1++BOLT:IN'\n\
                 QTY+12:30:PCE'\nGIN+BX+BOLT.BETA.000001:BOLT.BETA.000003'\nRFF+LI:17'\n";
    let told = |text: &str| -> String {
        let read = Interchange::read(text.as_bytes())
            .and_then(|read| read.messages.first().map(Desadv::read).transpose());
        match read {
            Ok(_) => "whole".to_owned(),
            Err(flaw) => flaw.to_string(),
        }
    };
    assert_eq!(told(&file(goods, 11)), "whole");
    for (from, to, expected) in [
        (
            "102'\nNAD",
            "103'\nNAD",
            "segment 5 DTM element 1 component 3",
        ),
        (
            "20240320",
            "20240231",
            "segment 5 DTM element 1 component 2",
        ),
        (
            "QTY+12:30",
            "QTY+12:31",
            "segment 9 QTY element 1 component 2",
        ),
        (
            "QTY+12:30",
            "QTY+12:-30",
            "segment 9 QTY element 1 component 2",
        ),
        ("PCE", "BOX", "segment 9 QTY element 1 component 3"),
        (
            "LI:17",
            "LI:seventeen",
            "segment 11 RFF element 1 component 2",
        ),
        ("RFF+LI:17'\n", "RFF+ON:17'\n", "segment 8 LIN at byte"),
        ("000003", "000001.5", "segment 10 GIN element 2 component 2"),
        (
            "BOLT.BETA.000003",
            "BOLT.ALFA.000003",
            "segment 10 GIN element 2 component 2",
        ),
        ("NAD+SU", "NAD+XX", "segment 2 UNH at byte"),
        (
            "UNT+11",
            "UNT+12",
            "segment 12 UNT element 1 component 1 at byte",
        ),
        ("UNT+11+1", "UNT+11+2", "segment 12 UNT element 2 "),
        ("UNZ+1+R1", "UNZ+2+R1", "segment 13 UNZ element 1 "),
        ("UNZ+1+R1", "UNZ+1+R2", "segment 13 UNZ element 2 "),
        (
            "UNZ+1+R1'\n",
            "",
            "segment 1 UNB at byte 10: the interchange does not end",
        ),
        ("UNZ+1+R1'\n", "UNZ+1+R1", "segment 13 UNZ at byte"),
        ("CPS+1'", "CP+1'", "segment 7 CP at byte"),
        ("CPS+1'", "CPS+1\n'", "segment 7 CPS at byte"),
        ("UNA:+.? '", "UNA::.? '", "segment 0 UNA at byte 0"),
        ("UNOC", "UNOY", "segment 1 UNB element 1 component 1"),
        ("UNH+1", "UNG+1'\nUNH+1", "segment 2 UNG at byte"),
    ] {
        let text = file(goods, 11);
        assert!(text.contains(from), "{from}");
        let told = told(&text.replacen(from, to, 1));
        assert!(told.starts_with(expected), "{from} -> {to}: {told}");
    }
    assert!(Interchange::read(b"").is_err());
    assert!(Interchange::read(&vec![b'A'; MOST_BYTES + 1]).is_err());
}

#[test]
fn what_an_element_cannot_hold_is_refused_and_not_cut() {
    let refused = |change: &dyn Fn(&mut Delfor)| {
        let mut schedule = schedule();
        change(&mut schedule);
        schedule.write(Separators::default(), &envelope()).err()
    };
    assert!(refused(&|one| one.supplier = "X".repeat(18)).is_some());
    assert!(refused(&|one| one.items[0].item = "X".repeat(36)).is_some());
    assert!(refused(&|one| one.number = "小米".into()).is_some());
    assert!(refused(&|one| one.items[0].item.clear()).is_some());
    assert!(refused(&|one| one.items[0].item = "Ä'+:?1".into()).is_none());
}

/// Text that ISO 8859-1 prints, with the separators among it.
fn text() -> impl Strategy<Value = String> {
    let letter = prop_oneof![
        Just('\''),
        Just('+'),
        Just(':'),
        Just('?'),
        Just('*'),
        Just('|'),
        proptest::char::range('A', 'z'),
        proptest::char::range('\u{a1}', '\u{ff}'),
    ];
    proptest::collection::vec(letter, 1..9).prop_map(|letters| letters.into_iter().collect())
}

fn separators() -> impl Strategy<Value = Separators> {
    prop_oneof![
        Just(Separators::default()),
        Just(Separators {
            component: b'|',
            element: b'*',
            decimal: b',',
            release: b'\\',
            segment: b'~'
        }),
    ]
}

fn amount() -> impl Strategy<Value = Quantity> {
    (0i64..10_000_000_000).prop_map(Quantity)
}

fn unit() -> impl Strategy<Value = Unit> {
    prop_oneof![Just(Unit::Piece), Just(Unit::Kilogram), Just(Unit::Set)]
}

fn commitment() -> impl Strategy<Value = Commitment> {
    prop_oneof![
        Just(Commitment::Firm),
        Just(Commitment::Fabrication),
        Just(Commitment::Material),
        Just(Commitment::Forecast)
    ]
}

prop_compose! {
    fn line()(on in -500i32..500, commitment in commitment(), quantity in amount()) -> DelforLine {
        DelforLine { due_on: day(on), commitment, quantity }
    }
}

prop_compose! {
    fn item()(
        item in text(),
        release in text(),
        unit in unit(),
        reset_on in (-500i32..0).prop_map(day),
        amounts in (amount(), amount(), amount(), amount()),
        lines in proptest::collection::vec(line(), 0..12),
    ) -> DelforItem {
        DelforItem {
            item,
            release,
            unit,
            reset_on: Some(reset_on),
            received: amounts.0,
            backlog: amounts.1,
            fabrication: Some(amounts.2),
            material: Some(amounts.3),
            lines,
        }
    }
}

fn notice(lines: Vec<(i64, i64, i64)>, unit: Unit, maker_lot: &str) -> Result<Desadv, ParseError> {
    let line = |(first, lots, size): (i64, i64, i64)| {
        Ok(DesadvLine {
            item: "EX-01".into(),
            order_line: first + 7,
            unit,
            quantity: Quantity(lots * size),
            first_lot: LotId::parse(&format!("EX-01.BAICMOSU.{first:06}"))?,
            lots,
            maker_lot: maker_lot.to_owned(),
            // Some lines with more numbers than one GIN holds, some with none.
            serials: (0..first % 8).map(|n| format!("S+{first}?'{n}")).collect(),
        })
    };
    Ok(Desadv {
        number: "ASN/7".into(),
        shipped_on: day(0),
        expected_on: day(3),
        buyer: "PLANT".into(),
        supplier: "BAICMOSU".into(),
        lines: lines.into_iter().map(line).collect::<Result<_, _>>()?,
    })
}

proptest! {
    #[test]
    fn a_schedule_is_read_as_it_was_written(
        number in text(), buyer in text(), supplier in text(), reference in text(),
        items in proptest::collection::vec(item(), 0..5),
        separators in separators(),
    ) {
        let schedule = Delfor { number, issued_on: day(3), buyer, supplier, items };
        let envelope = Envelope { reference, ..envelope() };
        let file = schedule.write(separators, &envelope);
        prop_assert!(file.is_ok());
        if let Ok(file) = file {
            let read = Interchange::read(&file);
            prop_assert!(read.is_ok(), "{read:?}");
            if let Ok(read) = read {
                prop_assert_eq!(&read.envelope, &envelope);
                prop_assert_eq!(read.messages.first().map(Delfor::read), Some(Ok(schedule)));
            }
        }
    }

    #[test]
    fn a_notice_and_a_call_are_read_as_they_were_written(
        lines in proptest::collection::vec((1i64..90_000, 1i64..200, 1i64..9_000_000), 1..8),
        deliveries in proptest::collection::vec((text(), 0i32..60, unit(), amount()), 0..20),
        unit in unit(), maker_lot in text(), separators in separators(),
    ) {
        let desadv = notice(lines, unit, &maker_lot);
        prop_assert!(desadv.is_ok());
        if let Ok(desadv) = desadv {
            let file = desadv.write(separators, &envelope()).unwrap_or_default();
            let read = only(&file).and_then(|message| Desadv::read(&message));
            prop_assert_eq!(read, Ok(desadv));
        }
        let delivery = |(item, on, unit, quantity)| Delivery { item, due_on: day(on), unit, quantity };
        let deljit = Deljit {
            number: "J".into(),
            issued_on: day(0),
            buyer: "PLANT".into(),
            supplier: "BETA".into(),
            deliveries: deliveries.into_iter().map(delivery).collect(),
        };
        let file = deljit.write(separators, &envelope()).unwrap_or_default();
        let read = only(&file).and_then(|message| Deljit::read(&message));
        prop_assert_eq!(read, Ok(deljit));
    }

    /// Whatever the bytes, there is an answer; and what is read is there once.
    #[test]
    fn hostile_bytes_end_with_an_answer(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        if let Ok(read) = Interchange::read(&bytes) {
            prop_assert!(read.messages.len() < bytes.len());
        }
        let mut dressed = b"UNB+UNOC:3+A+B+240318:0000+R'UNH+1+DELFOR:D:96A:UN'".to_vec();
        dressed.extend(&bytes);
        drop(Interchange::read(&dressed));
    }

    /// A file of ours with a byte changed, taken out or put in is read or told, and never worse.
    #[test]
    fn a_file_that_was_damaged_ends_with_an_answer(at in any::<prop::sample::Index>(), byte in any::<u8>(), kind in 0u8..3, cut in any::<prop::sample::Index>()) {
        let notice = notice(vec![(1, 3, 10_000), (9, 1, 4_500)], Unit::Piece, "HEAT-7");
        prop_assert!(notice.is_ok());
        for file in [
            schedule().write(Separators::default(), &envelope()).unwrap_or_default(),
            notice.map(|notice| notice.write(Separators::default(), &envelope()).unwrap_or_default()).unwrap_or_default(),
        ] {
            let mut damaged = file.clone();
            let at = at.index(damaged.len());
            match kind {
                0 => damaged[at] = byte,
                1 => drop(damaged.remove(at)),
                _ => damaged.insert(at, byte),
            }
            damaged.truncate(damaged.len() - cut.index(damaged.len()) / 50);
            for message in Interchange::read(&damaged).map(|read| read.messages).unwrap_or_default() {
                drop((Delfor::read(&message), Desadv::read(&message), Deljit::read(&message)));
            }
        }
    }

    /// Messages of any segments do not break those who read them.
    #[test]
    fn any_segments_end_with_an_answer(picks in proptest::collection::vec((0usize..12, text(), text()), 0..30), release in 0usize..2) {
        const TAGS: [&str; 12] = ["BGM", "DTM", "NAD", "LIN", "QTY", "SCC", "GIN", "RFF", "PIA", "UNS", "SEQ", "CPS"];
        let part = |(tag, one, two): &(usize, String, String)| Parts::new(TAGS[*tag]).many([one.as_str(), two.as_str()]).one(two.clone());
        let parts: Vec<Parts> = picks.iter().map(part).collect();
        let file = Interchange::write(&envelope(), Separators::default(), &[("DELFOR", parts)]).unwrap_or_default();
        let text = String::from_utf8_lossy(&file).replace("96A", ["96A", "04A"][release]);
        for message in Interchange::read(text.as_bytes()).map(|read| read.messages).unwrap_or_default() {
            drop((Delfor::read(&message), Desadv::read(&message), Deljit::read(&message)));
        }
    }
}
