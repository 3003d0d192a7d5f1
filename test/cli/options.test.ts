import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { colored } from '../../src/cli/color.js';
import { readConfig } from '../../src/cli/config-file.js';
import { choicesOf, type CliOptions, parseArguments } from '../../src/cli/options.js';
import { RUN_OPTIONS } from '../../src/cli/run-options.js';
import { findClass } from '../../src/model/labels.js';
import { temporaryFolder } from '../temporary-folder.js';
import { cli } from './cli.js';

const OPTIONS = {
  json: { type: 'string', value: 'FILE|-', help: '' },
  output: { type: 'string', short: 'o', value: 'FILE', help: '' },
  node: { type: 'string', value: 'NAME', multiple: true, help: '' },
  'no-proof': { type: 'boolean', help: '' },
  quiet: { type: 'boolean', short: 'q', help: '' },
} as const satisfies CliOptions;

const fails = (argv: readonly string[], message: RegExp): void =>
  assert.throws(() => parseArguments(argv, OPTIONS), message);

describe('parseArguments', () => {
  it('accepts options and arguments in any order and spelling', () => {
    const args = parseArguments(
      ['a', '-qo', 'x', '--node', '1', 'b', '--node=-2', '--json', '-', '--no-proof', '--', '--json', '-q'],
      OPTIONS,
    );
    assert.deepEqual(args.positionals, ['a', 'b', '--json', '-q']);
    assert.deepEqual([args.text('output'), args.text('json')], ['x', '-']);
    assert.deepEqual(args.texts('node'), ['1', '-2']);
    assert.deepEqual([args.flag('quiet'), args.flag('no-proof')], [true, true]);
    const none = parseArguments(['--output='], OPTIONS);
    assert.deepEqual([none.text('output'), none.flag('no-proof'), none.texts('node')], ['', false, []]);
  });

  it('suggests the option that was probably meant', () => {
    fails(['--ouput', 'x'], /listed by --help but received --ouput\. Did you mean --output\?/);
    fails(['--zzzzzz'], /received --zzzzzz\. Put arguments that begin with a dash/);
    fails(['-x'], /received -x\./);
  });

  it('never reads an option as a value', () => {
    for (const argv of [
      ['--json', '--quiet'],
      ['-o', '-q'],
      ['-qo', '--quiet'],
      ['--node', '--'],
    ]) {
      fails(argv, /Expected a value for --(json|output|node) but received none\. .*equals sign/);
    }
    fails(['-o'], /Expected a value for --output but received none/);
    fails(['--quiet=yes'], /Expected --quiet without a value but received one with a value/);
  });

  it('gets the choices of a value from its placeholder', () => {
    assert.deepEqual(choicesOf(RUN_OPTIONS.masks), ['source', 'proto', 'none']);
    assert.deepEqual([choicesOf(RUN_OPTIONS.model), choicesOf(OPTIONS.json)], [[], []]);
  });
});

describe('--config', () => {
  const folder = temporaryFolder('config');
  const config = (text: string): string => {
    const file = join(folder, 'run.yaml');
    writeFileSync(file, text);
    return file;
  };
  const read = (text: string): ReturnType<typeof readConfig> => readConfig(config(text), RUN_OPTIONS);

  it('sets options by name, and the command line takes precedence', () => {
    const file = read(`
inputs: [photos, drive.mcap]
score: 0.4
max_detections: 7
classes: [person, bus]
class-score: { person: 0.5, bus: 0.6 }
track: true
`);
    const args = parseArguments(['--score', '0.6', '--quiet'], RUN_OPTIONS).over(file);
    assert.deepEqual(args.positionals, ['photos', 'drive.mcap']);
    assert.deepEqual([args.number('score'), args.number('max-detections')], [0.6, 7]);
    assert.equal(args.text('classes'), 'person,bus');
    assert.deepEqual(args.texts('class-score'), ['person=0.5', 'bus=0.6']);
    assert.deepEqual([args.flag('track'), args.flag('quiet'), args.flag('force')], [true, true, false]);
    assert.deepEqual(parseArguments(['clip.mp4'], RUN_OPTIONS).over(file).positionals, ['clip.mp4']);
    assert.deepEqual(read('').positionals, []);
  });

  it('refuses unknown options and values of the wrong type', () => {
    for (const [text, message] of [
      ['scor: 0.4', /names of options in .*run\.yaml but received scor\. Did you mean score\?/],
      ['help: true', /names of options in .* but received help\./],
      ['config: more.yaml', /but received config/],
      ['track: 1', /true or false for track in .* but received 1/],
      ['score: true', /text or a number for score in .* but received true/],
      ['[score]', /options and their values in/],
      ['\x01PNG, which is no text', /options and their values in .* but received text without them\. For/],
      ['score: [', /a YAML file of options at/],
      [
        'score: !!foo 1',
        /a YAML file of options at .* but received Unresolved tag: .* at line 1, column 8\. For/,
      ],
    ] as const) {
      assert.throws(() => read(text), message, text);
    }
    assert.throws(
      () => readConfig(join(folder, 'absent.yaml'), RUN_OPTIONS),
      /at .*absent\.yaml but received ENOENT/,
    );
  });

  it('refuses an empty name of a file, on the command line and in a config file', async () => {
    const file = join(folder, 'empty-name.yaml');
    writeFileSync(file, 'labels: ""\n');
    for (const args of [
      ['run', 'scene:', '--labels', ''],
      ['run', 'scene:', '--config', file],
      ['run', 'scene:', '--model='],
    ]) {
      const { code, stderr } = await cli(args, folder);
      assert.equal(code, 2, stderr);
      assert.match(
        stderr,
        /Expected a name for --(labels|model) but received none\. Omit the option, or name one\.\n$/,
      );
    }
  });

  it('works for a whole run', async () => {
    const file = config('inputs: ["scene:"]\nframes: 2\nsize: 64x64\njson: "-"\nquiet: true\n');
    const { code, stdout, stderr } = await cli(['run', '--config', file, '--frames', '1'], folder);
    assert.deepEqual([code, stderr], [0, '']);
    assert.equal(stdout.trim().split('\n').length, 1);
  });
});

describe('did you mean', () => {
  it('suggests commands, actions and classes similar to a misspelled one', async () => {
    const [run, get] = await Promise.all([cli(['rum', 'x.jpg']), cli(['model', 'gte'])]);
    assert.match(
      run.stderr,
      /Expected a command \(.*\) but received rum\. Did you mean run\? See tros-yolo-seg/,
    );
    assert.match(
      get.stderr,
      /Expected an action \(.*\) but received gte\. Did you mean get\? See .* model --help/,
    );
    const labels = ['Person', 'bus', 'x'];
    assert.throws(
      () => findClass('persn', labels),
      /received persn\. Did you mean Person\? It knows Person, bus, x\./,
    );
    assert.throws(() => findClass('giraffe', labels), /received giraffe\. It knows/);
    assert.throws(() => findClass('y', labels), /received y\. It knows/);
  });

  it('help COMMAND prints the same as COMMAND --help', async () => {
    for (const words of [['run'], ['model'], ['model', 'get'], ['completion']]) {
      const [asked, help] = await Promise.all([cli([...words, '--help']), cli(['help', ...words])]);
      assert.deepEqual(help, asked);
      assert.equal(help.code, 0);
    }
    assert.equal((await cli(['help', 'rum'])).code, 2);
  });
});

describe('colored', () => {
  const terminal = (colors: boolean) => ({ isTTY: true, hasColors: () => colors });

  it('uses colors only on terminals that support them', () => {
    assert.equal(colored('ok', 'green', terminal(true)), '\u001b[32mok\u001b[39m');
    assert.equal(colored('ok', 'green', terminal(false)), 'ok');
    assert.equal(colored('ok', 'green', { hasColors: () => true }), 'ok');
    assert.equal(colored('ok', 'green', {}), 'ok');
  });
});
