//! Hand-checked groups, and what must hold of any.
use super::*;
use proptest::prelude::*;

fn holding(holder: usize, company: usize, percent: i64) -> Holding {
    Holding {
        holder,
        company,
        share: percent * 10_000,
    }
}

/// The example of docs/partnerships.md: we hold 60 % of A, which holds 50 % of B; B holds 20 % of A.
#[test]
fn two_companies_that_hold_each_other() -> Result<(), StakeError> {
    const US: usize = 0;
    let holdings = [holding(US, 1, 60), holding(1, 2, 50), holding(2, 1, 20)];
    let group = Group::new(3, &holdings)?;
    // a = 0.6 + 0.2 b and b = 0.5 a, so a = 0.6 / 0.9.
    assert_eq!(group.interests(US), [0, 666_667, 333_333]);
    assert_eq!(group.rings().collect::<Vec<_>>(), [&[1, 2][..]]);
    // Of itself A has, through B, a tenth of all rounds: 0.1 / 0.9.
    assert_eq!(group.interests(1), [0, 111_111, 555_556]);
    Ok(())
}

#[test]
fn a_pyramid_multiplies_and_two_ways_add_up() -> Result<(), StakeError> {
    // 0 holds half of 1 and 10 % of 3; 1 holds 40 % of 2, 2 holds 30 % of 3.
    let holdings = [
        holding(0, 1, 50),
        holding(0, 3, 10),
        holding(1, 2, 40),
        holding(2, 3, 30),
    ];
    let group = Group::new(4, &holdings)?;
    assert_eq!(group.interests(0), [0, 500_000, 200_000, 160_000]);
    assert_eq!(group.interests(3), [0; 4]);
    assert_eq!(group.rings().count(), 0);
    // Two holdings of one holder are one.
    let twice = Group::new(2, &[holding(0, 1, 5), holding(0, 1, 7)])?;
    assert_eq!(twice.interests(0), [0, 120_000]);
    Ok(())
}

#[test]
fn what_is_wrong_is_named() {
    let refused = |count, holdings: &[Holding]| {
        Group::new(count, holdings)
            .map(|_| ())
            .expect_err("refused")
            .to_string()
    };
    let told = refused(
        4,
        &[holding(1, 2, 100), holding(2, 3, 100), holding(3, 1, 100)],
    );
    assert!(
        told.starts_with("companies [1, 2, 3] own each other wholly"),
        "{told}"
    );
    let told = refused(3, &[holding(0, 2, 60), holding(1, 2, 50)]);
    assert_eq!(
        told,
        "1100000 millionths of company 2 are held; there are 1,000,000"
    );
    assert!(refused(2, &[holding(1, 1, 5)]).starts_with("company 1 holds itself"));
    assert!(refused(2, &[holding(0, 1, 0)]).starts_with("holding 0 is 0 millionths"));
    assert!(refused(2, &[holding(0, 2, 5)]).starts_with("holding 0 names somebody"));
    let ring: Vec<Holding> = (0..500).map(|at| holding(at, (at + 1) % 500, 50)).collect();
    assert!(refused(500, &ring).starts_with("500 companies own each other"));
    // A part outside is enough, however small.
    let nearly = [holding(1, 2, 100), holding(2, 1, 99), holding(0, 1, 1)];
    let found = Group::new(3, &nearly).map(|group| group.interests(0));
    assert_eq!(
        found,
        Ok(vec![0, WHOLE, WHOLE]),
        "who alone is outside owns all"
    );
}

#[test]
fn long_chains_and_wide_stars_end() -> Result<(), StakeError> {
    let chain: Vec<Holding> = (1..100_000).map(|at| holding(at - 1, at, 100)).collect();
    assert_eq!(Group::new(100_000, &chain)?.interests(0)[99_999], WHOLE);
    let star: Vec<Holding> = (1..300_000).map(|at| holding(0, at, 10)).collect();
    assert_eq!(Group::new(300_000, &star)?.interests(0)[299_999], 100_000);
    Ok(())
}

/// Companies that hold parts of each other, and the outside holders of the rest: the first place holds what is left of each.
fn groups() -> impl Strategy<Value = (usize, Vec<Holding>)> {
    (2usize..9).prop_flat_map(|count| {
        let pair = (1..count, 1..count, 1i64..30);
        prop::collection::vec(pair, 0..20).prop_map(move |pairs| {
            let mut left = vec![WHOLE; count];
            let mut holdings = Vec::new();
            for (holder, company, percent) in pairs {
                let share = percent * 10_000;
                if holder != company && left[company] - share >= 10_000 {
                    left[company] -= share;
                    holdings.push(Holding {
                        holder,
                        company,
                        share,
                    });
                }
            }
            for (company, left) in left.iter().enumerate().skip(1) {
                holdings.push(Holding {
                    holder: 0,
                    company,
                    share: *left,
                });
            }
            (count, holdings)
        })
    })
}

proptest! {
    /// Somebody outside owns in the end all of every company, whoever holds whom between.
    #[test]
    fn the_only_outsider_owns_everything((count, holdings) in groups()) {
        let group = Group::new(count, &holdings).map_err(|error| TestCaseError::fail(error.to_string()))?;
        let found = group.interests(0);
        prop_assert!(found.iter().skip(1).all(|interest| *interest == WHOLE), "{:?}", found);
    }

    /// The elimination answers what adding up ever longer chains of holdings comes to.
    #[test]
    fn the_system_is_the_sum_of_all_chains((count, mut holdings) in groups(), cut in 1i64..100) {
        for holding in holdings.iter_mut().filter(|holding| holding.holder == 0) {
            holding.share = (holding.share * cut / 100).max(1);
        }
        let group = Group::new(count, &holdings).map_err(|error| TestCaseError::fail(error.to_string()))?;
        let found = group.interests(0);
        let mut step = vec![0f64; count];
        step[0] = 1.0;
        let mut sum = vec![0f64; count];
        for _ in 0..5000 {
            let mut next = vec![0f64; count];
            for holding in &holdings {
                next[holding.company] += step[holding.holder] * holding.share as f64 / WHOLE as f64;
            }
            for (sum, next) in sum.iter_mut().zip(&next) {
                *sum += next;
            }
            step = next;
        }
        for (found, sum) in found.iter().zip(&sum) {
            prop_assert!((*found as f64 / WHOLE as f64 - sum).abs() < 1e-6, "{} {}", found, sum);
        }
    }

    /// A larger stake never owns less of anything.
    #[test]
    fn more_is_never_less((count, holdings) in groups(), at in 0usize..9) {
        let with = Group::new(count, &holdings).map_err(|error| TestCaseError::fail(error.to_string()))?;
        let mut fewer = holdings.clone();
        let at = at % holdings.len();
        if fewer[at].share > 1 {
            fewer[at].share /= 2;
        }
        let less = Group::new(count, &fewer).map_err(|error| TestCaseError::fail(error.to_string()))?;
        for (more, less) in with.interests(0).into_iter().zip(less.interests(0)) {
            prop_assert!(less <= more);
        }
    }
}
