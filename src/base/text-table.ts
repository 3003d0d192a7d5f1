/**
 * Formats rows of cells as lines for a terminal: the first column left-aligned, the others right-aligned, two spaces
 * between.
 *
 * @example textTable([['input', 'frames'], ['bus.jpg', '1']]) // ['input    frames', 'bus.jpg       1']
 */
export function textTable(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, i) => (widths[i] = Math.max(widths[i] ?? 0, cell.length)));
  return rows.map((row) =>
    row
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
      .join('  ')
      .trimEnd(),
  );
}
