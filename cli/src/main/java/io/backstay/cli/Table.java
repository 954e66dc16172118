package io.backstay.cli;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Columns of text for people. */
final class Table {
  private static final int GAP = 2;
  private final List<List<String>> rows = new ArrayList<>();

  Table(String... heads) {
    rows.add(Arrays.stream(heads).map(head -> head.toUpperCase(java.util.Locale.ROOT)).toList());
  }

  /** Null is shown as "-". */
  Table row(Object... cells) {
    rows.add(Arrays.stream(cells).map(cell -> cell == null ? "-" : cell.toString()).toList());
    return this;
  }

  @Override
  public String toString() {
    int columns = rows.getFirst().size();
    int[] widths = new int[columns];
    for (List<String> row : rows) {
      for (int i = 0; i < columns; i++) widths[i] = Math.max(widths[i], row.get(i).length());
    }
    List<String> lines = new ArrayList<>();
    for (List<String> row : rows) {
      StringBuilder line = new StringBuilder();
      for (int i = 0; i < columns; i++) {
        line.append(row.get(i)).append(" ".repeat(widths[i] - row.get(i).length() + GAP));
      }
      lines.add(line.toString().stripTrailing());
    }
    return String.join(System.lineSeparator(), lines);
  }
}
