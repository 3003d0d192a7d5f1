import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { prepareOptions } from '../../src/vision/decode/options.js';
import { packageRoot } from '../../src/base/package-root.js';
import { parametersMarkdown } from '../../src/parameters/markdown.js';
import { parameterTable } from '../../src/parameters/parameter.js';
import { SEGMENT_PARAMETERS } from '../../src/parameters/segment.js';
import { parametersYaml } from '../../src/parameters/yaml.js';
import { changelogRst } from '../../tools/docs/changelog.js';
import { documents, withSection } from '../../tools/docs/documents.js';

const TABLE = parameterTable({
  rate: { type: 'double', default: 30, range: [0, 1000], dynamic: true, help: 'frames a second; 0: "a|b"' },
  mode: { type: 'string', default: '', choices: ['', 'x'], help: 'word '.repeat(30).trim() },
  images: { type: 'string_array', default: ['image', 'b'], help: 'topics' },
  classes: { type: 'string_array', default: [], help: 'classes' },
  count: { type: 'integer', default: 3, help: 'how many' },
  loop: { type: 'bool', default: true, help: 'whether' },
});

describe('the output of npm run docs', () => {
  it('is up to date: otherwise run npm run docs', async () => {
    for (const { file, text } of await documents()) {
      const path = join(packageRoot, file);
      assert.ok(existsSync(path), `${file} is missing: npm run docs`);
      assert.ok(readFileSync(path, 'utf8') === text, `${file} is out of date: npm run docs`);
    }
  });

  it('contains the defaults of the decoder', () => {
    const { iou, maxDetections, masks, lowestLimit } = prepareOptions({}, { classCount: 1, form: 'heads' });
    const { score, iou: tableIou, max_detections, masks: tableMasks } = SEGMENT_PARAMETERS;
    assert.deepEqual(
      [tableIou.default, max_detections.default, tableMasks.default],
      [iou, maxDetections, masks],
    );
    assert.ok(Math.abs(1 / (1 + Math.exp(-lowestLimit)) - score.default) < 1e-12);
  });
});

describe('parametersYaml', () => {
  it('writes every value in the type that ROS expects', () => {
    const long = [Array(22).fill('word').join(' '), Array(8).fill('word').join(' ')];
    assert.equal(
      parametersYaml(TABLE, ['head']),
      `# head
/**:
  ros__parameters:
    # frames a second; 0: "a|b"
    # (a number from 0 to 1000, may change while the node runs)
    rate: 30.0

    # ${long[0]}
    # ${long[1]}
    # (one of , x)
    mode: ""

    # topics
    # (a list of strings)
    images: ["image","b"]

    # classes
    # (a list of strings)
    classes: [""]

    # how many
    # (an integer)
    count: 3

    # whether
    # (true or false)
    loop: true
`,
    );
  });

  describe('parametersMarkdown and withSection', () => {
    it('parametersMarkdown makes a row of each parameter', () => {
      const { rate, classes, images } = TABLE;
      assert.equal(
        parametersMarkdown({ rate, classes, images }),
        `| parameter | type | default | values | while running | what |
|---|---|---|---|---|---|
| \`rate\` | double | \`30\` | 0 to 1000 | yes | frames a second; 0: "a\\|b" |
| \`classes\` | list of strings | none |  |  | classes |
| \`images\` | list of strings | \`image, b\` |  |  | topics |
`,
      );
    });

    it('withSection replaces the text between the marks, and nothing else', () => {
      const text = 'a\n<!-- x -->\nold\n<!-- /x -->\nb\n';
      const once = withSection('p.md', text, ['x', 'new $& $1\n']);
      assert.equal(once, 'a\n<!-- x -->\n\nnew $& $1\n\n<!-- /x -->\nb\n');
      assert.equal(withSection('p.md', once, ['x', 'new $& $1\n']), once);
      assert.throws(
        () => withSection('p.md', text, ['y', '']),
        /the marks <!-- y --> and <!-- \/y --> in p\.md/,
      );
    });
  });
});

describe('changelogRst', () => {
  const head = '# Changelog\n\nAll changes, see [here](https://a.example/).\n\n';

  it('turns CHANGELOG.md into the format of catkin', () => {
    const text = `${head}## [Unreleased]

## [0.2.0] - 2027-01-31

A paragraph
of two lines.

### Added

- A topic \`~/a\`, see [the page](docs/a.md) and
  [the web](https://b.example/x).
- More.

### Fixed

- A fault.

[Unreleased]: #unreleased
[0.2.0]: #020---2027-01-31
`;
    assert.equal(
      changelogRst(text),
      `Changelog for package tros_yolo_seg
^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^

Forthcoming
-----------
* Contributors: The tros_yolo_seg authors

0.2.0 (2027-01-31)
------------------
* A paragraph of two lines.
* Added: A topic \`\`~/a\`\`, see the page and \`the web <https://b.example/x>\`_.
* Added: More.
* Fixed: A fault.
* Contributors: The tros_yolo_seg authors
`,
    );
  });

  it('refuses headings that it or catkin does not know', () => {
    for (const heading of ['## 0.2.0 - 2027-01-31', '## [0.2.0]', '## [Unreleased]\n\n### New']) {
      assert.throws(() => changelogRst(`${head}${heading}\n`), /Expected ## \[VERSION\] - DATE/, heading);
    }
  });

  it('has the current version of package.json', () => {
    const read = (file: string): string => readFileSync(join(packageRoot, file), 'utf8');
    const { version } = JSON.parse(read('package.json')) as { version: string };
    assert.match(read('CHANGELOG.md'), new RegExp(`^## \\[${version.replaceAll('.', '\\.')}\\] - `, 'm'));
  });
});
