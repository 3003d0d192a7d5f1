import { eastAsianWidth } from 'get-east-asian-width';

/**
 * Formats rows of cells as lines for a terminal: the first column left-aligned, the others right-aligned, two spaces
 * between.
 *
 * @example textTable([['input', 'frames'], ['bus.jpg', '1']]) // ['input    frames', 'bus.jpg       1']
 */
export function textTable(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows)
    row.forEach((cell, i) => (widths[i] = Math.max(widths[i] ?? 0, terminalWidth(cell))));
  return rows.map((row) =>
    row
      .map((cell, i) => {
        const space = ' '.repeat(widths[i]! - terminalWidth(cell));
        return i === 0 ? cell + space : space + cell;
      })
      .join('  ')
      .trimEnd(),
  );
}

/** Begins with a mark that takes no column of its own. */
const MARK = /^\p{Mark}|^\p{Default_Ignorable_Code_Point}/u;
const EMOJI = /\p{Emoji_Presentation}|\ufe0f/u;
const characters = new Intl.Segmenter('und', { granularity: 'grapheme' });

/**
 * Columns that a text takes in a terminal: two for each Chinese character and emoji, none for marks upon letters.
 *
 * @example terminalWidth('行人 1') // 6
 */
export function terminalWidth(text: string): number {
  // Nothing else needs a look at each character.
  if (/^[ -~]*$/.test(text)) return text.length;
  let width = 0;
  for (const { segment } of characters.segment(text)) {
    if (MARK.test(segment)) continue;
    width += EMOJI.test(segment) ? 2 : eastAsianWidth(segment.codePointAt(0)!);
  }
  return width;
}
