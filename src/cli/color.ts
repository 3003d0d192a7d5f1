import { styleText } from 'node:util';

export type Color = 'red' | 'yellow' | 'green' | 'dim' | 'bold';

/** The part of a terminal that decides. */
interface Terminal {
  readonly isTTY?: boolean | undefined;
  hasColors?(): boolean;
}

/**
 * Colors text for a terminal. Text for files and pipes is plain, and so is text for terminals with NO_COLOR
 * (https://no-color.org) or TERM=dumb: Node.js's hasColors() heeds both.
 */
export function colored(text: string, color: Color, stream: Terminal = process.stderr): string {
  const wanted = stream.isTTY === true && stream.hasColors?.() === true;
  return wanted ? styleText(color, text, { validateStream: false }) : text;
}
