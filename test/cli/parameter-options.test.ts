import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { BPU_OPTIONS } from '../../src/cli/bpu-options.js';
import { Arguments, optionHelp, parseArguments } from '../../src/cli/options.js';
import { choiceOption, fromParameter, fromRow, numberOption } from '../../src/cli/parameter-options.js';
import { decodeOptions, RUN_OPTIONS } from '../../src/cli/run-options.js';
import { SEGMENT_PARAMETERS } from '../../src/parameters/segment.js';

const args = (values: Record<string, string> = {}): Arguments => new Arguments([], values);

describe('options that are also parameters', () => {
  it('show range and default for the command line', () => {
    assert.deepEqual(fromParameter('score', 'P'), {
      type: 'string',
      value: 'P',
      help: `${SEGMENT_PARAMETERS.score.help} (0 to 1, default 0.25)`,
    });
    const { value, help } = fromParameter('masks');
    assert.equal(value, 'source|proto|none');
    assert.match(help, /, or not at all \(none\) \(default source\)$/);
    assert.equal(
      fromParameter('classes', 'LIST').help,
      'names or ids of the classes to report (default: all)',
    );
    assert.match(fromParameter('threads', 'N').help, /engine \(default: the number of cores\)$/);
    assert.equal(fromParameter('model_name', 'NAME').help, SEGMENT_PARAMETERS.model_name.help);
    assert.deepEqual(fromParameter('color_range', 'R', { help: 'range', short: 'r' }), {
      type: 'string',
      value: 'R',
      short: 'r',
      help: 'range (default full)',
    });
  });

  it('use the default, and check range and choices', () => {
    assert.equal(numberOption(args(), 'score', 'score'), 0.25);
    assert.equal(numberOption(args({ score: '0.5' }), 'score', 'score'), 0.5);
    assert.throws(
      () => numberOption(args({ p: '1.5' }), 'p', 'score'),
      /from 0 to 1 for --p but received 1.5/,
    );
    assert.throws(
      () => numberOption(args({ n: '2.5' }), 'n', 'max_detections'),
      /an integer from 1 to 10000/,
    );
    assert.equal(choiceOption(args({ masks: 'proto' }), 'masks', SEGMENT_PARAMETERS.masks), 'proto');
    assert.throws(
      () => choiceOption(args({ m: 'x' }), 'm', SEGMENT_PARAMETERS.masks),
      /source, proto, none for --m/,
    );
    const { score, iou, maxDetections, masks } = decodeOptions(args(), []);
    const table = SEGMENT_PARAMETERS;
    assert.deepEqual(
      [score, iou, maxDetections, masks],
      [table.score, table.iou, table.max_detections, table.masks].map((row) => row.default),
    );
  });

  it('are accepted under the former name of their parameter, with a warning that names both', () => {
    const row = { type: 'double', default: 0.7, was: 'nms_threshold', help: 'overlap' } as const;
    const options = {
      'iou-limit': fromRow('iou_limit', row, 'P'),
      // Named otherwise than its parameter: that one's former name was never an option.
      other: fromRow('iou_limit', row, 'P'),
      accept: { type: 'boolean', help: '', alias: 'agree' },
    } as const;
    const parsed = (...argv: string[]): [value: string | undefined, accept: boolean, warnings: string[]] => {
      const warnings: string[] = [];
      const parsedArgs = parseArguments(argv, options, (line) => warnings.push(line));
      return [parsedArgs.text('iou-limit'), parsedArgs.flag('accept'), warnings];
    };
    const called = 'Option --nms-threshold is called --iou-limit now, and';
    assert.deepEqual(parsed('--iou-limit', '0.5', '--accept'), ['0.5', true, []]);
    assert.deepEqual(parsed('--nms-threshold=0.5', '--agree'), [
      '0.5',
      true,
      [`${called} works by its former name until the next minor version.`],
    ]);
    assert.deepEqual(parsed('--nms-threshold', '0.5', '--iou-limit', '0.6'), [
      '0.6',
      false,
      [`${called} is given by that name, too: the value of the former name is not used.`],
    ]);
    assert.doesNotMatch(optionHelp(options), /nms|agree/);
    const { other, accept } = options;
    assert.throws(
      () => parseArguments(['--nms-threshold', '1'], { other, accept }),
      /received --nms-threshold/,
    );
  });

  it('fit into the width of a terminal', () => {
    const help = optionHelp({ ...RUN_OPTIONS, ...BPU_OPTIONS });
    const lines = help.split('\n');
    assert.ok(Math.max(...lines.map(({ length }) => length)) <= 110);
    for (const line of lines) assert.match(line, /^ {2}-|^ {29}\S/);
    const words = (text: string): string => text.replace(/\s+/g, ' ');
    for (const option of Object.values({ ...RUN_OPTIONS, ...BPU_OPTIONS })) {
      assert.ok(words(help).includes(words(option.help)), option.help);
    }
  });
});
