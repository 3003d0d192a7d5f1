import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { it } from 'mocha';
import { repository } from '../data.js';
import { describeUnless } from '../skips.js';

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
