//! Tables on a terminal.

use app::domain::shown::shown;

/// A table with headings. Each column is as wide as it needs to be.
pub(super) fn table<const N: usize>(heads: [&str; N], rows: &[[String; N]]) -> String {
    let rows = rows
        .iter()
        .map(|row| row.each_ref().map(|cell| shown(cell).into_owned()));
    let rows: Vec<[String; N]> = rows.collect();
    let mut widths = heads.map(|head| head.chars().count());
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = line(&heads.map(str::to_owned), &widths);
    for row in &rows {
        text.push_str(&line(row, &widths));
    }
    text
}

fn line<const N: usize>(cells: &[String; N], widths: &[usize; N]) -> String {
    let padded = cells
        .iter()
        .zip(widths)
        .map(|(cell, width)| format!("{cell:width$}"));
    let padded: Vec<String> = padded.collect();
    format!("{}\n", padded.join("  ").trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_whatever_the_letters() {
        let rows = [
            ["Zoë".to_owned(), "1".to_owned()],
            ["Ana".to_owned(), String::new()],
        ];
        assert_eq!(table(["NAME", "N"], &rows), "NAME  N\nZoë   1\nAna\n");
    }

    #[test]
    fn a_name_moves_no_cursor() {
        let rows = [["a\u{1b}[2J\nb".to_owned()]];
        assert_eq!(table(["NAME"], &rows), "NAME\na\\u{1B}[2J\\u{A}b\n");
    }
}
