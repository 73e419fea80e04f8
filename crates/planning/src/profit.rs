//! Will scale bring profits: the money of a vehicle at a volume, and the answers of [`crate::break_even`] with what they
//! assume. It must not know rows, folders or the wire. Units: millionths of one currency, a vehicle or a month; vehicles a
//! month. Invariants: volume is always an input; a figure that is not known is named and never guessed; energy and yield
//! loss are parts of conversion and never added to it (RULES 2).
use crate::break_even::{Answer, Both, Never, Terms, by_both, by_scale, learning_floor};
use crate::learning::{Curve, CurveError, Form};
use takt_kernel::{Currency, Share, half_even_div};

/// What the maker reported of a quarter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarter {
    /// Its name, `2024Q2`.
    pub name: String,
    /// Vehicles reported as delivered.
    pub deliveries: i64,
    /// The average price net of tax.
    pub price: Option<i64>,
    /// Research, selling and administration of a month.
    pub operating: Option<i64>,
}

impl Quarter {
    /// The vehicles of a month of it.
    pub fn per_month(&self) -> i64 {
        half_even_div(i128::from(self.deliveries), 3).unwrap_or(0)
    }
}

/// The money of a programme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Money {
    /// The currency of everything.
    pub currency: Currency,
    /// Conversion of a vehicle that varies with volume.
    pub conversion: i64,
    /// Fixed manufacturing of a month.
    pub fixed: i64,
    /// The quarters in order.
    pub quarters: Vec<Quarter>,
    /// What the line can do in thirty days by its calendar.
    pub line_capacity: i64,
}

/// What the vehicles are like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vehicle {
    /// Bought material.
    pub material: i64,
    /// Watt-hours by the routing.
    pub watt_hours: i64,
    /// The share of the work that is done again.
    pub rework: Share,
}

/// The money of a vehicle at a volume; None where the figure is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AtVolume {
    /// The average price.
    pub price: Option<i64>,
    /// Bought material.
    pub material: i64,
    /// Conversion.
    pub conversion: i64,
    /// The part of it that is energy.
    pub energy: Option<i64>,
    /// The part of it that does work again.
    pub yield_loss: i64,
    /// Fixed manufacturing over the volume.
    pub fixed: Option<i64>,
    /// Research, selling and administration over the volume.
    pub operating: Option<i64>,
    /// Price less all of it.
    pub result: Option<i64>,
}

impl Money {
    /// The quarter of a name, or an unknown one.
    pub fn quarter(&self, name: &str) -> Quarter {
        let known = self.quarters.iter().find(|quarter| quarter.name == name);
        known.cloned().unwrap_or_else(|| Quarter {
            name: name.to_owned(),
            deliveries: 0,
            price: None,
            operating: None,
        })
    }

    /// The quarter that the conversion cost was found in: the first one whose operating cost is known.
    pub fn reference(&self) -> Option<&Quarter> {
        self.quarters.iter().find(|one| one.operating.is_some())
    }

    /// Vehicles delivered through a quarter.
    fn delivered_through(&self, name: &str) -> i64 {
        let through = self.quarters.iter().filter(|one| one.name.as_str() <= name);
        through.map(|quarter| quarter.deliveries).sum()
    }

    /// What is missing for a result in a quarter, in sentences.
    pub fn missing(&self, quarter: &Quarter, manufacturing_only: bool) -> Vec<String> {
        let mut missing = Vec::new();
        if quarter.price.is_none() {
            missing.push(format!(
                "the average price of {} is not known",
                quarter.name
            ));
        }
        if quarter.operating.is_none() && !manufacturing_only {
            missing.push(format!(
                "the operating cost of {} is not known",
                quarter.name
            ));
        }
        missing
    }
}

/// The money of a vehicle at `volume` vehicles a month; `energy_price` is what a kilowatt-hour costs.
pub fn at_volume(
    money: &Money,
    quarter: &Quarter,
    vehicle: &Vehicle,
    volume: i64,
    energy_price: Option<i64>,
) -> AtVolume {
    let each = |month: i64| half_even_div(i128::from(month), i128::from(volume));
    let part = |share: i64, of: i64| {
        half_even_div(i128::from(of) * i128::from(share), i128::from(Share::ONE.0)).unwrap_or(0)
    };
    let terms = quarter
        .price
        .zip(quarter.operating)
        .map(|(price, operating)| Terms {
            price,
            material: vehicle.material,
            conversion: money.conversion,
            month: money.fixed + operating,
        });
    AtVolume {
        price: quarter.price,
        material: vehicle.material,
        conversion: money.conversion,
        energy: energy_price.and_then(|price| {
            half_even_div(i128::from(price) * i128::from(vehicle.watt_hours), 1000)
        }),
        yield_loss: part(vehicle.rework.0, money.conversion),
        fixed: each(money.fixed),
        operating: quarter.operating.and_then(each),
        result: terms.and_then(|terms| terms.result(volume)),
    }
}

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Question {
    /// Vehicles a month; None for what the quarter reported.
    pub volume: Option<i64>,
    /// The learning rate, where one is assumed.
    pub rate: Option<Share>,
    /// What the rate is said of.
    pub form: Form,
    /// Whether research, selling and administration need not be covered.
    pub manufacturing_only: bool,
}

/// Whether scale, learning or both bring profits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profit {
    /// The money behind the answers.
    pub terms: Terms,
    /// The volume of the question.
    pub volume: i64,
    /// The volume that the quarter reported.
    pub reported: i64,
    /// The least volume a month that covers without learning.
    pub by_scale: Answer<i64>,
    /// The first vehicle that is covered at the reported volume; None without a rate.
    pub by_learning: Option<Answer<Both>>,
    /// The first vehicle that is covered at the volume of the question; None without a rate.
    pub by_both: Option<Answer<Both>>,
    /// The volume below which no learning helps.
    pub floor: Answer<i64>,
    /// The answer as a sentence.
    pub answer: String,
    /// What was assumed.
    pub assumptions: Vec<String>,
    /// What is not known.
    pub missing: Vec<String>,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoAnswer {
    /// Figures are missing; they are named.
    Missing(Vec<String>),
    /// The learning rate is outside the model.
    Rate(CurveError),
}

/// What the data of a programme do not say of its learning, in sentences.
pub fn learning_missing(money: &Money) -> Vec<String> {
    let known = money.quarters.iter().filter(|one| one.operating.is_some());
    let known: Vec<&str> = known.map(|quarter| quarter.name.as_str()).collect();
    vec![
        format!(
            "conversion cost by period: {} quarters are reported ({}) and none says what its conversion was",
            known.len(),
            known.join(", ")
        ),
        format!(
            "a learning rate needs conversion cost or hours at {} different volumes or more",
            crate::learning::fit::LEAST
        ),
    ]
}

/// Answers a question about a quarter and its vehicles.
///
/// # Errors
/// `NoAnswer` where a figure is missing or the rate is outside the model.
pub fn profit(
    money: &Money,
    quarter: &Quarter,
    vehicle: &Vehicle,
    question: &Question,
) -> Result<Profit, NoAnswer> {
    let missing = money.missing(quarter, question.manufacturing_only);
    let Some(price) = quarter.price.filter(|_| missing.is_empty()) else {
        return Err(NoAnswer::Missing(missing));
    };
    let operating = if question.manufacturing_only {
        0
    } else {
        quarter.operating.unwrap_or(0)
    };
    let terms = Terms {
        price,
        material: vehicle.material,
        conversion: money.conversion,
        month: money.fixed + operating,
    };
    let reported = quarter.per_month();
    let volume = question.volume.unwrap_or(reported);
    let built = money.delivered_through(&quarter.name);
    let curve = match question.rate {
        None => None,
        Some(rate) => {
            let reference = money.reference().map_or(quarter, |reference| reference);
            let units = money.delivered_through(&reference.name);
            let curve = Curve::through_average(question.form, units, money.conversion, rate);
            Some(curve.map_err(NoAnswer::Rate)?)
        }
    };
    let reached = |curve: &Curve, volume: i64| by_both(&terms, curve, volume, built);
    let mut found = Profit {
        terms,
        volume,
        reported,
        by_scale: by_scale(&terms),
        by_learning: curve.map(|curve| reached(&curve, reported)),
        by_both: curve.map(|curve| reached(&curve, volume)),
        floor: learning_floor(&terms),
        answer: String::new(),
        assumptions: assumptions(money, quarter, question, built),
        missing: if curve.is_none() {
            learning_missing(money)
        } else {
            Vec::new()
        },
    };
    found.answer = sentence(&found, money);
    Ok(found)
}

fn assumptions(money: &Money, quarter: &Quarter, question: &Question, built: i64) -> Vec<String> {
    let mut all = vec![
        format!(
            "the average price and the monthly cost of {} hold at every volume",
            quarter.name
        ),
        "material costs a vehicle the same at every volume".to_owned(),
    ];
    all.push(if question.manufacturing_only {
        "only fixed manufacturing is to be covered each month".to_owned()
    } else {
        "fixed manufacturing, research, selling and administration are to be covered each month"
            .to_owned()
    });
    if let Some(rate) = question.rate {
        let reference = money
            .reference()
            .map_or("the quarter", |one| one.name.as_str());
        let form = match question.form {
            Form::Unit => "the cost of the last unit (Crawford)",
            Form::CumulativeAverage => "the average cost of all units (Wright)",
        };
        all.push(format!(
            "the learning rate of {rate} is assumed and not measured; it is said of {form}"
        ));
        all.push(format!(
            "the whole conversion cost learns, and it was the average of all vehicles through {reference}; {built} were delivered through {}",
            quarter.name
        ));
    }
    all
}

fn sentence(found: &Profit, money: &Money) -> String {
    let whole = |micros: i64| half_even_div(i128::from(micros), 1_000_000).unwrap_or(0);
    let currency = money.currency;
    let contribution = whole(found.terms.contribution());
    match found.by_scale {
        Err(_) => format!(
            "scale will never bring profits: each vehicle costs {} {currency} more by itself than it brings in, so more vehicles lose more",
            -contribution
        ),
        Ok(least) => {
            let reach = if least <= money.line_capacity {
                "within what the line can do"
            } else {
                "more than the line can do"
            };
            let learning = match found.by_learning {
                None => String::new(),
                Some(Ok(both)) => {
                    format!("; learning alone covers from vehicle {} on", both.vehicle)
                }
                Some(Err(_)) => format!(
                    "; learning alone never covers at the reported {} a month",
                    found.reported
                ),
            };
            let both = match found.by_both {
                Some(Ok(both)) if found.volume != found.reported => format!(
                    "; both together cover at {} a month from vehicle {} on, {} months later",
                    found.volume, both.vehicle, both.months
                ),
                Some(Err(_)) if found.volume != found.reported => {
                    format!("; both together never cover at {} a month", found.volume)
                }
                _ => String::new(),
            };
            format!(
                "each vehicle brings {contribution} {currency} towards the month, so scale covers from {least} vehicles a month on, {reach} ({} a month){learning}{both}",
                money.line_capacity
            )
        }
    }
}

/// Why nothing covers, as a sentence.
pub fn never(never: &Never, currency: Currency) -> String {
    let whole = |micros: i64| half_even_div(i128::from(micros), 1_000_000).unwrap_or(0);
    match never {
        Never::NoContribution { contribution } => format!(
            "a vehicle contributes {} {currency}, and more of them lose more",
            whole(*contribution)
        ),
        Never::ConversionBelowNothing { allowed } => format!(
            "conversion would have to cost {} {currency}, below nothing",
            whole(*allowed)
        ),
        Never::BeyondTheCurve { units } => {
            format!("the curve does not come down to it within {units} vehicles")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const M: i64 = 1_000_000;

    fn quarter(name: &str, deliveries: i64, price: i64, operating: i64) -> Quarter {
        Quarter {
            name: name.to_owned(),
            deliveries,
            price: Some(price * M),
            operating: Some(operating * M),
        }
    }

    /// The SU7 as programme.yaml models it.
    fn su7() -> (Money, Vehicle) {
        let money = Money {
            currency: Currency::USD,
            conversion: 2_300 * M,
            fixed: 10_500_000 * M,
            quarters: vec![
                quarter("2024Q2", 27_307, 31_756, 127_500_000),
                quarter("2024Q3", 39_790, 33_146, 146_000_000),
            ],
            line_capacity: 25_200,
        };
        let vehicle = Vehicle {
            material: 23_457 * M,
            watt_hours: 650_000,
            rework: Share(10_000),
        };
        (money, vehicle)
    }

    fn ask(volume: Option<i64>, percent: Option<i64>) -> Question {
        Question {
            volume,
            rate: percent.map(|percent| Share(percent * 10_000)),
            form: Form::CumulativeAverage,
            manufacturing_only: false,
        }
    }

    #[test]
    fn will_scale_bring_the_su7_profits() {
        let (money, vehicle) = su7();
        let second = money.quarter("2024Q2");
        let plain = profit(&money, &second, &vehicle, &ask(None, None)).unwrap();
        assert_eq!((plain.volume, plain.by_scale), (9_102, Ok(23_004)));
        assert!(
            plain.answer.contains("23004 vehicles a month on, within"),
            "{}",
            plain.answer
        );
        assert_eq!((plain.by_learning, plain.missing.len()), (None, 2));
        let learned = profit(&money, &second, &vehicle, &ask(Some(20_000), Some(85))).unwrap();
        assert!(matches!(
            learned.by_learning,
            Some(Err(Never::ConversionBelowNothing { .. }))
        ));
        assert!(
            matches!(learned.by_both, Some(Ok(_))),
            "{:?}",
            learned.by_both
        );
        assert!(
            learned
                .answer
                .contains("learning alone never covers at the reported 9102")
        );
        assert!(learned.missing.is_empty() && learned.assumptions.len() == 5);
        // The third quarter by itself: (10.5 m + 146 m) / (33,146 - 23,457 - 2,300) = 21,180.1.
        let third = money.quarter("2024Q3");
        let third = profit(&money, &third, &vehicle, &ask(None, None)).unwrap();
        assert_eq!(third.by_scale, Ok(21_181));
        let makes = Question {
            manufacturing_only: true,
            ..ask(None, None)
        };
        assert_eq!(
            profit(&money, &second, &vehicle, &makes).unwrap().by_scale,
            Ok(1_751)
        );
    }

    #[test]
    fn what_is_not_known_is_named() {
        let (money, vehicle) = su7();
        let fourth = money.quarter("2024Q4");
        let Err(NoAnswer::Missing(missing)) =
            profit(&money, &fourth, &vehicle, &ask(Some(1), None))
        else {
            panic!("an unknown quarter was answered");
        };
        assert_eq!(missing.len(), 2);
        let found = at_volume(&money, &fourth, &vehicle, 10_000, None);
        assert_eq!(
            (found.price, found.result, found.energy),
            (None, None, None)
        );
        assert_eq!((found.fixed, found.yield_loss), (Some(1_050 * M), 23 * M));
        let rate = profit(
            &money,
            &money.quarter("2024Q2"),
            &vehicle,
            &ask(None, Some(40)),
        );
        assert!(matches!(rate, Err(NoAnswer::Rate(_))));
        let priced = at_volume(
            &money,
            &money.quarter("2024Q2"),
            &vehicle,
            9_102,
            Some(100_000),
        );
        // 650 kWh at 0.10.
        assert_eq!(
            (priced.energy, priced.result.map(|result| result / M)),
            (Some(65 * M), Some(-9_162))
        );
        assert_eq!(priced.operating.map(|one| one / M), Some(14_007));
    }
}
