import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { repository } from '../data.js';
import { cli } from './cli.js';

const COMMANDS = ['run', 'live', 'demo', 'perf', 'model', 'eval', 'info', 'check', 'completion'];
/** `npm run`, in a checkout. */
const TOOLS = ['bench', 'record'];

describe('tros-yolo-seg', () => {
  it('lists its commands; without a command it also exits with an error', async () => {
    const [asked, word, none] = await Promise.all([cli(['--help']), cli(['help']), cli([])]);
    assert.deepEqual([asked.code, word.code, none.code], [0, 0, 2]);
    assert.equal(word.stdout, asked.stdout);
    assert.equal(none.stdout, asked.stdout);
    const listed = [...asked.stdout.matchAll(/^ {2}(\w+) +\S/gm)].map(([, name]) => name);
    assert.deepEqual(listed, COMMANDS);
  });

  it('prints its version', async () => {
    const { version } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as {
      version: string;
    };
    assert.deepEqual(await cli(['--version']), { code: 0, stdout: `${version}\n`, stderr: '' });
  });

  it('refuses unknown commands, including names that every JavaScript object has', async () => {
    for (const name of ['paint', 'constructor', '--quiet']) {
      const { code, stdout, stderr } = await cli([name]);
      assert.deepEqual([code, stdout], [2, '']);
      assert.match(
        stderr,
        /^tros-yolo-seg: Expected a command \(run, live, demo, .*\) but received .*--help\.\n$/,
      );
      assert.ok(stderr.includes(`received ${name}.`), stderr);
    }
  });

  const forms = [
    ...[...COMMANDS, ...TOOLS].map((name) => [name]),
    ...['list', 'get', 'cut', 'ptq', 'dequantize'].map((name) => ['model', name]),
  ];
  for (const form of forms) {
    it(`${form.join(' ')} --help prints the usage, whatever else is given`, async () => {
      const { code, stdout, stderr } = await cli([...form, '--help']);
      assert.deepEqual([code, stderr], [0, '']);
      const usage = TOOLS.includes(form[0]!) ? `npm run ${form[0]} --` : `tros-yolo-seg ${form.join(' ')}`;
      assert.ok(stdout.startsWith(`Usage: ${usage} `), stdout);
      if (form[0] !== 'model' || form.length > 1) assert.match(stdout, /^ {2}-h, --help +\S/m);
    });
  }

  for (const [command, ...lines] of [
    [
      'info',
      [[], /Expected one model but received none/],
      [['a.bin', 'b.bin'], /Expected one model but received a\.bin b\.bin/],
      [['--library'], /a value for --library but received none/],
      [['-x'], /options that are listed by --help but received -x\. .*after --\./],
    ],
    ['run', [['scene:', '--nms', 'off'], /one of auto, always, never for --nms but received off/]],
    [
      'perf',
      [[], /Expected one MODEL and at most one PICTURE/],
      [['m.onnx', 'a.jpg', 'b.jpg'], /at most one PICTURE but received m\.onnx a\.jpg b\.jpg/],
      [['m.onnx', '--in-flight', '0'], /from 1 to 32 for --in-flight but received 0/],
      [['m.onnx', 'absent.jpg'], /absent\.jpg/],
    ],
    [
      'record',
      [['m.onnx', '-o', 'x.bin'], /at least one INPUT and --output/],
      [['m.onnx', 'scene:'], /at least one INPUT and --output/],
      [['m.onnx', 'scene:', '-o', 'x.bin', '--busy=-1'], /for --busy but received -1/],
      [['--busy', '-1'], /a value for --busy but received none\. .*: --busy=-1\./],
      [['m.onnx', '-o'], /a value for --output but received none/],
      [['-o', '-x'], /a value for --output but received none/],
    ],
    [
      'bench',
      [['--list=5'], /--list without a value but received one with a value/],
      [['--lost'], /options that are listed by --help but received --lost\./],
    ],
    [
      'model',
      [['get', 'x', '--accept-licence=yes'], /--accept-license without a value but received one/],
      [['cut', 'a.onnx'], /Expected one stock model and -o FILE/],
      [['cut', 'a.onnx', 'b.onnx', '-o', 'c.onnx'], /but received a\.onnx b\.onnx/],
      [['ptq'], /Expected a model, --march, --images DIR and -o DIR but received nothing/],
      [['ptq', 'm.onnx', '--images', 'x', '-o', 'y'], /one of bayes-e, bernoulli2 for --march/],
      [['dequantize'], /one log of hb_model_modifier but received none/],
      [['dequantize', 'absent.log'], /readable log of hb_model_modifier at absent\.log/],
    ],
  ] as [string, ...[string[], RegExp][]][]) {
    it(`refuses command lines that lack what ${command} works on, each in one line`, async () => {
      for (const [args, expected] of lines) {
        const { code, stdout, stderr } = await cli([command, ...args], '/');
        assert.deepEqual([code, stdout], [2, ''], args.join(' '));
        assert.match(stderr, expected);
        assert.match(stderr, /^tros-yolo-seg: Expected [^\n]*\n$/);
      }
    });
  }
});
