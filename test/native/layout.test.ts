import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { it } from 'mocha';
import { distribution } from '../../src/node/ros/distribution.js';
import { repository } from '../data.js';
import { describeUnless, type Reason } from '../skips.js';

const hasCompiler = spawnSync('c++', ['--version'], { stdio: 'ignore' }).status === 0;

/** The parts of generated message classes that native/ros uses, as rosidl_generator_cpp writes them. */
const HBM = `
  struct Time { int32_t sec; uint32_t nanosec; };
  struct Hbm {
    int32_t index; Time time_stamp; uint32_t height, width, data_size, step;
    std::array<uint8_t, 12> encoding; std::array<uint8_t, 96> data;
  };`;
/** rosidl::Buffer of Lyrical, by rosidl_buffer/buffer.hpp of rosidl 5.2. */
const BUFFER = `
  struct Buffer {
    std::string backend = "cpu"; std::vector<uint8_t> bytes;
    const uint8_t* data() const { return bytes.data(); }
    size_t size() const { return bytes.size(); }
    std::string get_backend_type() const { return backend; }
  };
  struct Image { Buffer data; };`;

describeUnless(hasCompiler ? false : 'there is no C++ compiler', 'message classes of other releases', () => {
  /** What the compiler says of `main`, with one C++ standard; empty if nothing. */
  function compile(classes: string, main: string, standard = 'c++17'): string {
    const source = `#include <vector>\n#include "ros/layout.h"\n${classes}\nint main() { ${main} }\n`;
    const { status, stderr } = spawnSync(
      'c++',
      [`-std=${standard}`, '-fsyntax-only', '-Wall', '-x', 'c++', '-I', join(repository, 'native'), '-'],
      { input: source, encoding: 'utf8' },
    );
    assert.equal(status === 0, stderr === '', stderr);
    return stderr;
  }

  const hbm = 'ros::CheckHbmLayout<Hbm, 96>();';

  it('fit as they are up to Kilted, and as they are from Lyrical on, which is C++20', () => {
    assert.equal(compile(HBM, hbm), '');
    assert.equal(compile('struct Image { std::vector<uint8_t> data; };', 'ros::CheckPixels<Image>();'), '');
    const lyrical = 'ros::CheckPixels<Image>(); ros::RequireOwnMemory(Image().data);';
    for (const standard of ['c++17', 'c++20']) {
      assert.equal(compile(`${HBM}${BUFFER}`, `${hbm} ${lyrical}`, standard), '');
    }
  });

  it('do not compile where HbmMsg has another field, or is no plain struct any more', () => {
    const grown = HBM.replace('int32_t index;', 'int32_t index; uint32_t flags;');
    assert.match(compile(grown, hbm), /Expected the fields of HbmMsg where hbm_img_msgs has had them/);
    const sequence = HBM.replace('std::array<uint8_t, 96> data', 'std::vector<uint8_t> data');
    assert.match(compile(sequence, hbm), /Expected HbmMsg to be a plain struct/);
  });

  it('do not compile where pixels are not bytes', () => {
    const words = 'struct Image { std::vector<uint16_t> data; };';
    assert.match(compile(words, 'ros::CheckPixels<Image>();'), /Expected the pixels of an image message/);
  });
});

/** Folders of headers of the ROS that is sourced: include/PACKAGE of each prefix. */
const headers = (process.env['AMENT_PREFIX_PATH'] ?? '').split(delimiter).flatMap((prefix) => {
  const folder = join(prefix, 'include');
  return prefix !== '' && existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
});

/** Why headers cannot be compiled, or false. */
function missing(header: string): Reason {
  if (!hasCompiler) return 'there is no C++ compiler';
  return headers.some((folder) => existsSync(join(folder, header)))
    ? false
    : `there is no ${header} on AMENT_PREFIX_PATH`;
}

/** Compiles a program with the headers of the ROS that is sourced. @throws what the compiler said */
function compileWithRos(language: 'c' | 'c++', standard: string, source: string): void {
  const { status, stderr } = spawnSync(
    'c++',
    [
      ...[`-std=${standard}`, '-fsyntax-only', '-x', language, '-I', join(repository, 'native')],
      // Behind those of the system, some of whose names packages have, too (dds/features.h of Cyclone DDS).
      ...headers.flatMap((folder) => ['-idirafter', folder]),
      '-',
    ],
    { input: source, encoding: 'utf8' },
  );
  assert.equal(status, 0, stderr);
}

const IMAGE = 'sensor_msgs/msg/image.hpp';
describeUnless(missing(IMAGE), 'Image of the ROS that is sourced', () => {
  it('has the pixels that native/ros reads', () => {
    const body = 'ros::CheckPixels<Image>(); ros::RequireOwnMemory(Image().data);';
    const source = `#include "${IMAGE}"\n#include "ros/layout.h"\nusing sensor_msgs::msg::Image;\nint main() { ${body} }\n`;
    compileWithRos('c++', distribution().name === 'lyrical' ? 'c++20' : 'c++17', source);
  });
});

const HBM_TYPES = [
  { header: 'hbm_img_msgs/msg/hbm_msg480_p.hpp', type: 'HbmMsg480P', bytes: 921_600 },
  { header: 'hbm_img_msgs/msg/hbm_msg540_p.hpp', type: 'HbmMsg540P', bytes: 1_555_200 },
  { header: 'hbm_img_msgs/msg/hbm_msg1080_p.hpp', type: 'HbmMsg1080P', bytes: 6_220_800 },
];
describeUnless(missing(HBM_TYPES[0]!.header), 'HbmMsg of the ROS that is sourced', () => {
  it('is laid out as native/ros expects', () => {
    const includes = HBM_TYPES.map(({ header }) => `#include "${header}"`);
    const checks = HBM_TYPES.map(({ type }) => `ros::CheckHbmLayout<${type}, ${type}::MAX_SIZE>();`);
    const sizes = HBM_TYPES.map(({ type, bytes }) => `static_assert(sizeof(${type}) == 40 + ${bytes}, "");`);
    compileWithRos(
      'c++',
      'c++17',
      `${includes.join('\n')}\n#include "ros/layout.h"\nusing namespace hbm_img_msgs::msg;\n` +
        `${sizes.join('\n')}\nint main() { ${checks.join(' ')} }\n`,
    );
  });
});

const SEQUENCE = 'rosidl_runtime_c/primitives_sequence.h';
describeUnless(missing(SEQUENCE), 'sequences in C of the ROS that is sourced', () => {
  it('have the size that rclnodejs writes into the messages of this release', () => {
    // rosidl_gen/templates/message-template.cjs of rclnodejs 2.2 adds two fields from Lyrical on, by ROS_DISTRO.
    const size = ['humble', 'iron', 'jazzy', 'kilted'].includes(distribution().name) ? 24 : 32;
    const sizes = ['uint8', 'float', 'double', 'int64'].map(
      (name) => `_Static_assert(sizeof(rosidl_runtime_c__${name}__Sequence) == ${size}, "${name}");`,
    );
    compileWithRos('c', 'c11', `#include "${SEQUENCE}"\n${sizes.join('\n')}\n`);
  });
});
