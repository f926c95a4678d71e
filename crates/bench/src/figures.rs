//! What many measurements come to.

use serde::Serialize;

/// Some measurements of one thing, in the unit that the field's name says.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Spread {
    /// The smallest.
    pub least: f64,
    /// Half of them are no larger.
    pub median: f64,
    /// Nine tenths of them are no larger.
    pub p90: f64,
    /// The largest.
    pub most: f64,
}

impl Spread {
    /// Of `measured`; `None` of nothing.
    pub fn of(measured: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut sorted: Vec<f64> = measured.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        // The nearest rank: the smallest measurement that `percent` of all don't exceed.
        let rank = |percent: usize| sorted.get((sorted.len() * percent).div_ceil(100).saturating_sub(1)).copied();
        Some(Self {
            least: *sorted.first()?,
            median: rank(50)?,
            p90: rank(90)?,
            most: *sorted.last()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_measured_is_no_figure() {
        assert_eq!(Spread::of([]), None);
    }

    #[test]
    fn ranks_are_taken_of_the_sorted_measurements() {
        let hundred = Spread::of((1..=100).rev().map(f64::from));
        assert_eq!(
            hundred,
            Some(Spread {
                least: 1.0,
                median: 50.0,
                p90: 90.0,
                most: 100.0
            })
        );
        let three = Spread::of([3.0, 1.0, 2.0]);
        assert_eq!(
            three,
            Some(Spread {
                least: 1.0,
                median: 2.0,
                p90: 3.0,
                most: 3.0
            })
        );
        let one = Spread::of([7.0]);
        assert_eq!(
            one,
            Some(Spread {
                least: 7.0,
                median: 7.0,
                p90: 7.0,
                most: 7.0
            })
        );
    }
}
