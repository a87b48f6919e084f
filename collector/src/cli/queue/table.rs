//! Columns as wide as they have to be: names to the left, all else to the right.

use std::io::{self, Write};

/// Rows under their headings.
pub(in crate::cli) struct Table<const N: usize>(Vec<[String; N]>);

impl<const N: usize> Table<N> {
    pub(in crate::cli) fn new(headings: &[&str; N]) -> Self {
        Self(vec![headings.map(str::to_owned)])
    }

    pub(in crate::cli) fn row(&mut self, cells: [String; N]) {
        self.0.push(cells);
    }

    pub(in crate::cli) fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let width = |n: usize| self.0.iter().map(|row| row[n].chars().count()).max();
        let widths: [usize; N] = std::array::from_fn(|n| width(n).unwrap_or_default());
        for row in &self.0 {
            let mut line = String::new();
            for (n, cell) in row.iter().enumerate() {
                let width = widths[n];
                match n {
                    0 => line.push_str(&format!("{cell:<width$}")),
                    _ => line.push_str(&format!("  {cell:>width$}")),
                }
            }
            writeln!(out, "{}", line.trim_end())?;
        }
        Ok(())
    }
}
