import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import ts from 'typescript';
import { packageRoot } from '../../src/base/package-root.js';

/** Rooms whose errors are read by users of the command line, the node and the library. */
const ROOMS = ['cli', 'media', 'model', 'parameters', 'engine'];

/** Errors that say nothing about what to do, and why. File and beginning of what is expected. */
const WITHOUT: Readonly<Record<string, string>> = {
  'src/engine/attached-cameras.ts: `camera ${camera.id} to be attached`':
    'what the addon says is all that is known',
  "src/media/render/contact-sheet.ts: 'at least one picture for a contact sheet'":
    'no input leads there: only a program that calls it',
  'src/parameters/parameter.ts: `${wanted} for parameter ${name}`':
    'what is wanted names the range or the choices',
};

/** Each `new ExpectationError(…)` of a source text that has no hint, by what it expects. */
function withoutHint(text: string): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isNewExpression(node) && node.expression.getText() === 'ExpectationError') {
      const [expected, , hint] = node.arguments ?? [];
      if (hint === undefined || hint.getText() === 'undefined') found.push(expected?.getText() ?? '');
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile('source.ts', text, ts.ScriptTarget.Latest, true));
  return found;
}

describe('errors for users', () => {
  it('are found if they have no hint', () => {
    const text = `
      throw new ExpectationError('a', b);
      throw new ExpectationError('c', d, undefined, { cause });
      throw new ExpectationError('e', f, 'Do that.');`;
    assert.deepEqual(withoutHint(text), ["'a'", "'c'"]);
  });

  it('say what to do', () => {
    const found = ROOMS.flatMap((room) =>
      readdirSync(join(packageRoot, 'src', room), { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.ts'))
        .flatMap((name) => {
          const file = join('src', room, name);
          const text = readFileSync(join(packageRoot, file), 'utf8');
          // Most files have none, and parsing takes long.
          const found = text.includes('new ExpectationError(') ? withoutHint(text) : [];
          return found.map((expected) => `${file}: ${expected}`);
        }),
    );
    // A new one gets a hint as its third argument: a sentence that says what its reader can do.
    assert.deepEqual(found.sort(), Object.keys(WITHOUT).sort());
  });
});
