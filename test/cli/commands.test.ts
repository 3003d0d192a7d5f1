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
  it('tells its commands; asked for none it says so by its exit code, too', async () => {
    const [asked, word, none] = await Promise.all([cli(['--help']), cli(['help']), cli([])]);
    assert.deepEqual([asked.code, word.code, none.code], [0, 0, 2]);
    assert.equal(word.stdout, asked.stdout);
    assert.equal(none.stdout, asked.stdout);
    const listed = [...asked.stdout.matchAll(/^ {2}(\w+) +\S/gm)].map(([, name]) => name);
    assert.deepEqual(listed, COMMANDS);
  });

  it('tells its version', async () => {
    const { version } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as {
      version: string;
    };
    assert.deepEqual(await cli(['--version']), { code: 0, stdout: `${version}\n`, stderr: '' });
  });

  it('refuses other commands, those that every object has included', async () => {
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
    it(`${form.join(' ')} --help tells how it is used, whatever else is given`, async () => {
      const { code, stdout, stderr } = await cli([...form, '--help']);
      assert.deepEqual([code, stderr], [0, '']);
      const usage = TOOLS.includes(form[0]!) ? `npm run ${form[0]} --` : `tros-yolo-seg ${form.join(' ')}`;
      assert.ok(stdout.startsWith(`Usage: ${usage} `), stdout);
      if (form[0] !== 'model' || form.length > 1) assert.match(stdout, /^ {2}-h, --help +\S/m);
    });
  }

  it('refuses command lines that lack what the command works on, each in one line', async () => {
    for (const [args, expected] of [
      [['info'], /Expected one model but received none/],
      [['info', 'a.bin', 'b.bin'], /Expected one model but received a\.bin b\.bin/],
      [['run', 'scene:', '--nms', 'off'], /one of auto, always, never for --nms but received off/],
      [['perf'], /Expected one MODEL and at most one PICTURE/],
      [['perf', 'm.onnx', 'a.jpg', 'b.jpg'], /at most one PICTURE but received m\.onnx a\.jpg b\.jpg/],
      [['perf', 'm.onnx', '--in-flight', '0'], /from 1 to 32 for --in-flight but received 0/],
      [['perf', 'm.onnx', 'absent.jpg'], /absent\.jpg/],
      [['record', 'm.onnx', '-o', 'x.bin'], /at least one INPUT and --output/],
      [['record', 'm.onnx', 'scene:'], /at least one INPUT and --output/],
      [['record', 'm.onnx', 'scene:', '-o', 'x.bin', '--busy=-1'], /for --busy but received -1/],
      [['record', '--busy', '-1'], /a value for --busy but received none\. .*: --busy=-1\./],
      [['record', 'm.onnx', '-o'], /a value for --output but received none/],
      [['record', '-o', '-x'], /a value for --output but received none/],
      [['info', '--library'], /a value for --library but received none/],
      [['bench', '--list=5'], /--list without a value but received one with a value/],
      [['bench', '--lost'], /options that are listed by --help but received --lost\./],
      [['info', '-x'], /options that are listed by --help but received -x\. .*after --\./],
      [['model', 'get', 'x', '--accept-licence=yes'], /--accept-license without a value but received one/],
      [['model', 'cut', 'a.onnx'], /Expected one stock model and -o FILE/],
      [['model', 'cut', 'a.onnx', 'b.onnx', '-o', 'c.onnx'], /but received a\.onnx b\.onnx/],
      [['model', 'ptq'], /Expected a model, --march, --images DIR and -o DIR but received nothing/],
      [['model', 'ptq', 'm.onnx', '--images', 'x', '-o', 'y'], /one of bayes-e, bernoulli2 for --march/],
      [['model', 'dequantize'], /one log of hb_model_modifier but received none/],
      [['model', 'dequantize', 'absent.log'], /readable log of hb_model_modifier at absent\.log/],
    ] as const) {
      const { code, stdout, stderr } = await cli(args, '/');
      assert.deepEqual([code, stdout], [2, ''], args.join(' '));
      assert.match(stderr, expected);
      assert.match(stderr, /^tros-yolo-seg: Expected [^\n]*\n$/);
    }
  });
});
