//! Tables for a terminal, without borders.

use comfy_table::{CellAlignment, Table, presets};

/// Lays out `rows` under `header`. The columns from `numbers` on are aligned to the right.
pub fn text_table<const N: usize>(
    header: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
    numbers: usize,
) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_header(header).add_rows(rows);
    for (index, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, 2));
        if index >= numbers {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.trim_fmt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_with_the_numbers_on_the_right() {
        let rows = [("hole", "5"), ("Größe", "12")].map(|(kind, photos)| [kind, photos].map(str::to_owned));
        assert_eq!(text_table(["kind", "photos"], rows, 1), "kind   photos\nhole        5\nGröße      12");
    }
}
