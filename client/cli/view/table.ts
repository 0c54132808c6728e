import { padEnd, widthOf } from './text.ts';

/**
 * Rows under headers, aligned as kubectl does: three spaces between columns, nothing behind the last. A row of one cell
 * is a remark: it does not widen its column.
 */
export function table(headers: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const cells = rows.filter((row) => row.length > 1);
  const widths = headers.map((header, column) =>
    Math.max(widthOf(header), ...cells.map((row) => widthOf(row[column] ?? ''))),
  );
  return [headers, ...rows].map((row) =>
    row
      .map((cell, column) => (column === row.length - 1 ? cell : padEnd(cell, widths[column] ?? 0)))
      .join('   ')
      .trimEnd(),
  );
}
