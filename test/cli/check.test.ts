import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from 'mocha';
import { boardFinding, boardModel, findBoard } from '../../src/cli/check/board.js';
import type { Section, Verdict } from '../../src/cli/check/finding.js';
import { Host } from '../../src/cli/check/host.js';
import { machineSection } from '../../src/cli/check/machine.js';
import { type ModelCheck, modelSection } from '../../src/cli/check/model.js';
import { findKnownResult, isKnownModel, KNOWN_RESULTS, publishedRow } from '../../src/cli/check/published.js';
import { rosSection } from '../../src/cli/check/ros.js';
import { demoModel } from '../../src/model/demo-model.js';
import { openEngine } from '../../src/engine/registry.js';
import { sharedData } from '../data.js';
import { EMULATOR, withEmulator } from '../engine/bpu/emulator.js';
import { tenHeads } from '../engine/tiny-onnx.js';
import { binFile } from '../model/bin/bin-file.js';
import { stockModel } from '../model/onnx/stock-model.js';
import { noiseFrame } from '../native/frames.js';
import { describeUnless } from '../skips.js';
import { temporaryFolder } from '../temporary-folder.js';
import { cli } from './cli.js';

const folder = temporaryFolder('check');
let hosts = 0;

/** A machine with these files. */
function host(files: Readonly<Record<string, string>>, env: NodeJS.ProcessEnv = {}): Host {
  const root = join(folder, `host-${hosts++}`);
  mkdirSync(root);
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  return new Host(root, env);
}

const X5 = {
  'sys/class/socinfo/soc_name': 'x5u\n',
  'proc/device-tree/model': 'D-Robotics RDK X5 V1.0\0',
};

/** A finding as `verdict: text`. */
function finding({ findings }: Section, what: string): string {
  const found = findings.find((each) => each.what === what);
  assert.ok(found, `${what} is missing`);
  return `${found.verdict}: ${found.text}${found.hint ? ` -> ${found.hint}` : ''}`;
}

describe('boards', () => {
  for (const [name, files, board, verdict] of [
    ['an RDK X5', X5, 'RDK X5', 'ok'],
    [
      'an RDK X5 of an older image',
      { 'proc/device-tree/model': X5['proc/device-tree/model'] },
      'RDK X5',
      'ok',
    ],
    ['an RDK X3', { 'proc/device-tree/model': 'Hobot X3 PI V2.1\0' }, 'RDK X3', 'ok'],
    ['an RDK S100P', { 'sys/class/boardinfo/soc_name': 's100\n' }, 'RDK S100 or S600', 'failure'],
    ['a Raspberry Pi', { 'proc/device-tree/model': 'Raspberry Pi 5 Model B\0' }, undefined, 'note'],
    ['a PC', {}, undefined, 'note'],
  ] satisfies [string, Record<string, string>, string | undefined, Verdict][]) {
    it(`recognizes ${name}`, () => {
      const machine = host(files);
      const found = findBoard(machine);
      assert.equal(found?.name, board);
      assert.equal(boardFinding(machine, found).verdict, verdict);
    });
  }
});

describe('the model that is preinstalled on a board', () => {
  it('is the first segmentation model among all models there', () => {
    const machine = host({
      'opt/hobot/model/x5/basic/yolov8n_seg.bin': '',
      'opt/hobot/model/x5/basic/yolov8.bin': '',
      'opt/hobot/model/x5/more/yolo11n_seg.bin': '',
      'opt/hobot/model/private/yolo_seg.bin': '',
    });
    chmodSync(machine.path('opt/hobot/model/private'), 0);
    const found = boardModel(machine);
    chmodSync(machine.path('opt/hobot/model/private'), 0o755);
    // Nothing is unreadable to root.
    const first = process.getuid!() === 0 ? 'private/yolo_seg.bin' : 'x5/basic/yolov8n_seg.bin';
    assert.equal(found, machine.path(`opt/hobot/model/${first}`));
    assert.equal(boardModel(host({})), undefined);
    assert.equal(boardModel(host({ 'opt/hobot/model': 'a file in its place' })), undefined);
  });
});

describe('the check of the machine', () => {
  it('names the board, its clocks and its kernel', async () => {
    const machine = host({
      ...X5,
      'etc/os-release': 'NAME="Ubuntu"\nPRETTY_NAME="Ubuntu 22.04.5 LTS"\n',
      'sys/devices/system/cpu/cpufreq/policy0/scaling_governor': 'schedutil\n',
      'sys/class/devfreq/3a000000.bpu/cur_freq': '1000000000\n',
    });
    const section = await machineSection(machine, findBoard(machine));
    assert.equal(finding(section, 'board'), 'ok: RDK X5 (D-Robotics RDK X5 V1.0, SoC x5u), march bayes-e');
    assert.match(finding(section, 'system'), /^ok: Ubuntu 22\.04\.5 LTS, kernel /);
    assert.equal(finding(section, 'CPU governor'), 'ok: schedutil');
    assert.equal(finding(section, 'temperatures and clocks'), 'ok: bpu_mhz 1000');
    assert.match(finding(section, 'Node.js'), /^ok: v\d+/);
    assert.match(finding(section, 'native addon'), /^ok: loads, pixel kernels \w+$/);
  });

  it('warns of a governor that keeps the cores slow, and of throttling', async () => {
    const section = await machineSection(
      host({
        'sys/devices/system/cpu/cpufreq/policy0/scaling_governor': 'powersave',
        'sys/devices/system/cpu/cpufreq/policy0/scaling_max_freq': '600000',
        'sys/devices/system/cpu/cpufreq/policy0/cpuinfo_max_freq': '1500000',
        'sys/devices/system/cpu/cpufreq/policy0/scaling_cur_freq': '600000',
      }),
      undefined,
    );
    assert.match(finding(section, 'CPU governor'), /^warning: powersave.* -> echo performance \| sudo tee/);
    assert.match(finding(section, 'throttling'), /^warning: cpu0 may run at 600 of 1500 MHz/);
  });

  it('accepts powersave from drivers whose usual governor it is', async () => {
    const policy = 'sys/devices/system/cpu/cpufreq/policy0';
    const verdict = async (driver: string): Promise<string> =>
      finding(
        await machineSection(
          host({ [`${policy}/scaling_governor`]: 'powersave', [`${policy}/scaling_driver`]: `${driver}\n` }),
          undefined,
        ),
        'CPU governor',
      );
    assert.equal(await verdict('intel_pstate'), 'ok: powersave of intel_pstate');
    assert.equal(await verdict('amd-pstate-epp'), 'ok: powersave of amd-pstate-epp');
    assert.match(await verdict('cpufreq-dt'), /^warning: powersave/);
  });

  it('names what could not be checked', async () => {
    const section = await machineSection(host({}), undefined);
    assert.match(finding(section, 'CPU governor'), /^unknown: no \/sys/);
    assert.match(finding(section, 'temperatures and clocks'), /^unknown/);
  });
});

describe('the check of ROS 2', () => {
  const rmem = 'proc/sys/net/core/rmem_max';

  it('recognizes whether it is installed', async () => {
    assert.match(finding(await rosSection(host({})), 'ROS 2'), /^unknown: not installed/);
    const tros = await rosSection(host({ 'opt/tros/humble/setup.bash': '' }));
    assert.match(finding(tros, 'ROS 2'), /^unknown: installed.* -> source \/opt\/tros\/humble\/setup\.bash/);
  });

  it('finds TROS of any release, and says on which the tests have run', async () => {
    const s600 = await rosSection(
      host({ 'opt/ros/jazzy/setup.bash': '', 'opt/tros/jazzy/setup.bash': '', 'opt/tros/notes.txt': '' }),
    );
    assert.match(finding(s600, 'ROS 2'), /-> source \/opt\/tros\/jazzy\/setup\.bash/);
    const on = async (ROS_DISTRO: string): Promise<string> =>
      finding(await rosSection(host({}, { ROS_DISTRO })), 'distribution');
    assert.equal(await on('humble'), 'ok: humble');
    assert.match(await on('lyrical'), /^note: lyrical: all tests have passed on humble and jazzy$/);
  });

  it('looks for the router and the settings of Zenoh', async () => {
    const zenoh = { ROS_DISTRO: 'jazzy', RMW_IMPLEMENTATION: 'rmw_zenoh_cpp' };
    const row = (address: string, state: string): string =>
      `   0: ${address} 00000000:0000 ${state} 00000000`;
    const header = '  sl  local_address rem_address   st tx_queue\n';
    // 1D17 is 7447; 01 is an established connection, 0A a socket that listens.
    const client = { 'proc/net/tcp': header + row('0100007F:1D17', '01') };
    const none = await rosSection(host(client, zenoh));
    assert.match(
      finding(none, 'Zenoh router'),
      /^warning: no program listens .* -> ros2 run rmw_zenoh_cpp rmw_zenohd$/,
    );
    assert.match(finding(none, 'zero copy'), /^note: .*shared memory is off .*enabled=true/);
    assert.throws(() => finding(none, 'DDS profile'));
    const router = {
      ...client,
      'proc/net/tcp6': header + row('00000000000000000000000000000000:1D17', '0A'),
    };
    const found = await rosSection(
      host(router, { ...zenoh, ZENOH_CONFIG_OVERRIDE: 'transport/shared_memory/enabled=true' }),
    );
    assert.match(finding(found, 'Zenoh router'), /^ok: /);
    assert.match(
      finding(found, 'Zenoh session'),
      /^ok: rmw_zenoh_cpp's own settings, ZENOH_CONFIG_OVERRIDE=/,
    );
    assert.match(finding(found, 'zero copy'), /^note: .*shared memory is on$/);
    const lost = await rosSection(host({}, { ...zenoh, ZENOH_SESSION_CONFIG_URI: '/nowhere.json5' }));
    assert.match(finding(lost, 'Zenoh session'), /^failure: .*no such file/);
    // rmw_zenoh takes an empty name for none.
    const empty = await rosSection(host({}, { ...zenoh, ZENOH_SESSION_CONFIG_URI: '' }));
    assert.equal(finding(empty, 'Zenoh session'), "ok: rmw_zenoh_cpp's own settings");
    assert.match(finding(empty, 'Zenoh router'), /^warning: no program listens/);
  });

  it('warns of small socket buffers with Cyclone DDS only', async () => {
    const files = { [rmem]: '212992\n' };
    const cyclone = { ROS_DISTRO: 'humble', RMW_IMPLEMENTATION: 'rmw_cyclonedds_cpp' };
    assert.match(
      finding(await rosSection(host(files, cyclone)), 'net.core.rmem_max'),
      /^warning: 212992: .* -> sudo sysctl -w net\.core\.rmem_max=33554432$/,
    );
    const fast = await rosSection(host(files, { ROS_DISTRO: 'humble' }));
    assert.equal(finding(fast, 'net.core.rmem_max'), 'ok: 212992');
    assert.equal(finding(fast, 'middleware'), 'ok: rmw_fastrtps_cpp (the default)');
    const unset = await rosSection(host(files, { ROS_DISTRO: 'humble', RMW_IMPLEMENTATION: '' }));
    assert.equal(finding(unset, 'middleware'), 'ok: rmw_fastrtps_cpp (the default)');
    assert.match(finding(fast, '/dev/shm'), /^unknown: .*ENOENT/);
  });

  it('reports a missing profile, and missing settings for zero copy', async () => {
    const profile = join(folder, 'fastdds.xml');
    const named = { ROS_DISTRO: 'humble', FASTRTPS_DEFAULT_PROFILES_FILE: profile };
    assert.match(finding(await rosSection(host({}, named)), 'DDS profile'), /^failure: .*no such file/);
    writeFileSync(profile, '');
    const section = await rosSection(
      host({}, { ...named, RMW_FASTRTPS_USE_QOS_FROM_XML: '1', ROS_DOMAIN_ID: '7', ROS_LOCALHOST_ONLY: '1' }),
    );
    assert.equal(finding(section, 'DDS profile'), `ok: FASTRTPS_DEFAULT_PROFILES_FILE=${profile}`);
    assert.match(finding(section, 'zero copy'), /^note: .*: export ROS_DISABLE_LOANED_MESSAGES=0$/);
    assert.match(finding(section, 'domain'), /^ok: 7, this machine only/);
  });

  it('names the variable that limits discovery to this machine', async () => {
    const on = async (env: NodeJS.ProcessEnv): Promise<string> =>
      finding(await rosSection(host({}, { ROS_DISTRO: 'jazzy', ...env })), 'domain');
    assert.equal(
      await on({ ROS_AUTOMATIC_DISCOVERY_RANGE: 'LOCALHOST' }),
      'ok: 0, this machine only (ROS_AUTOMATIC_DISCOVERY_RANGE)',
    );
    // Jazzy's rcl lets the older one win.
    const both = { ROS_AUTOMATIC_DISCOVERY_RANGE: 'SUBNET', ROS_LOCALHOST_ONLY: '1' };
    assert.equal(await on(both), 'ok: 0, this machine only (ROS_LOCALHOST_ONLY)');
  });
});

describe('the check of a model', () => {
  const onnx = join(folder, 'heads.onnx');
  const picture = join(folder, 'noise_64x64.nv12');
  const recorded = join(folder, 'yolov8n_seg.bin');
  writeFileSync(onnx, tenHeads(64, 64, ['cat', 'dog', 'bird']));
  writeFileSync(picture, noiseFrame(64, 64).data);

  it('reports a model that does not fit the board', async () => {
    const file = join(folder, 'foreign.bin');
    writeFileSync(file, binFile({ metadata: { MARCH: 'bernoulli2' } }));
    const section = await modelSection({
      file,
      open: () => Promise.reject(new Error('Expected libdnn.so of an RDK X5 or X3')),
      board: findBoard(host(X5)),
      frames: 0,
      demo: false,
    });
    assert.match(finding(section, 'march'), /^failure: bernoulli2, but RDK X5 runs bayes-e -> /);
    assert.match(finding(section, 'model'), /^failure: Expected libdnn\.so/);
  });

  it('reports what it finds, and its speed beside the published one', async () => {
    const [coco, large] = [join(folder, 'coco.onnx'), join(folder, 'noise_640x640.nv12')];
    writeFileSync(
      coco,
      tenHeads(
        640,
        640,
        Array.from({ length: 80 }, (_, id) => `thing ${id}`),
      ),
    );
    writeFileSync(large, noiseFrame(640, 640).data);
    assert.equal((await cli(['record', coco, large, '-o', recorded])).code, 0);
    const check: ModelCheck = {
      file: recorded,
      open: (slots: number) => openEngine(recorded, { slots, library: EMULATOR }),
      board: findBoard(host(X5)),
      picture: large,
      frames: 3,
      demo: false,
    };
    /** As if the network alone took so long. */
    const alone = (milliseconds: number): ModelCheck => ({
      ...check,
      open: async (slots) => {
        const engine = await check.open(slots);
        const submit = engine.submit.bind(engine);
        engine.submit = async (frame) => {
          const inference = await submit(frame);
          const timings = { preprocess: 1, inference: milliseconds };
          const { tensors, letterbox } = inference;
          return { tensors, letterbox, timings, release: () => inference.release() };
        };
        return engine;
      },
    });
    // On a clock that never waits the emulated BPU takes no time; one that does cannot reach what was published.
    const fast = await withEmulator('clock=fast,busy_us=1,overhead_us=1', () => modelSection(check));
    assert.match(finding(fast, 'file'), /^ok: .*yolov8n_seg\.bin, \d+ bytes, sha256 [\da-f]{64}$/);
    assert.match(finding(fast, 'engine'), /^note: libdnn .*: the emulator, whose speed is a setting$/);
    assert.match(
      finding(fast, 'heads'),
      /^ok: 640x640, 80 classes, 16 DFL bins, \d+ prototypes, strides 8, 16, 32$/,
    );
    assert.match(finding(fast, 'picture'), /^note: noise_640x640\.nv12: \d+ instances/);
    assert.match(
      finding(fast, '1 thread'),
      /published: 96 frames\/s of the network alone \(yolov8n-seg-x5 on RDK X5, https:/,
    );
    assert.match(finding(fast, '2 threads'), /published: 181\.9 frames\/s/);
    const slow = await withEmulator('busy_us=50000', () => modelSection(check));
    assert.match(finding(slow, '1 thread'), /^warning: .* -> Stop other programs that use the BPU/);
    // The letterbox of one frame at work is no fault of the BPU; two are letterboxed beside it.
    const letterbox = await withEmulator('busy_us=50000', () => modelSection(alone(1)));
    assert.match(finding(letterbox, '1 thread'), /^ok: .* 1\.0 ms in the network; published/);
    assert.match(finding(letterbox, '2 threads'), /^warning: /);
  });

  it('compares only with published rates for the same board, input size and number of classes', () => {
    const coco = { inputWidth: 640, inputHeight: 640, classCount: 80 };
    const rates = (board: string | undefined, file: string, layout = coco): ReturnType<typeof publishedRow> =>
      publishedRow(board, file, layout);
    assert.equal(rates('RDK X5', 'yolov8n_seg.bin', { ...coco, inputWidth: 320 }), undefined);
    assert.equal(rates('RDK X5', 'yolov8n_seg.bin', { ...coco, inputHeight: 384 }), undefined);
    assert.equal(rates('RDK X5', 'yolov8n_seg.bin', { ...coco, classCount: 1 }), undefined);
    assert.equal(rates('RDK X5', 'yolo11n_seg_bayese_640x640_nv12.bin')?.two, 152.6);
    assert.equal(rates('RDK X5', 'my-yolo11s-seg.bin')?.one, 46);
    assert.equal(rates('RDK X5', 'yoloe_11s_seg_pf.bin', { ...coco, classCount: 4585 })?.one, 7);
    // De-quantize nodes take time: this very file has none.
    const modified = 'yolov8n_instance_seg_bayese_640x640_nv12_modified.bin';
    assert.deepEqual(
      [modified, 'yolov8n-seg-x5-2024.bin', 'yolov8n-seg-x5.bin'].map((file) => rates('RDK X5', file)?.one),
      [109.7, 109.7, 96],
    );
    assert.equal(rates('RDK X5', 'best.bin'), undefined);
    assert.equal(rates('RDK X3', 'yolov8n_seg.bin'), undefined);
    assert.equal(rates(undefined, 'yolov8n_seg.bin'), undefined);
  });
});

describe('the known content of a picture', () => {
  it('applies only to models with the same classes and input', () => {
    const [known] = KNOWN_RESULTS;
    const size = { classCount: 80, inputWidth: 640, inputHeight: 640 };
    const find = (file: string, other: Partial<typeof size> = {}) =>
      findKnownResult(known!.picture, file, { ...size, ...other });
    assert.equal(find('my-yolov8n-seg.onnx'), known);
    assert.equal(find('yolov8s-seg.onnx'), undefined);
    for (const other of [{ classCount: 1 }, { inputWidth: 320 }, { inputHeight: 384 }]) {
      assert.equal(find('yolov8n-seg.onnx', other), undefined, JSON.stringify(other));
    }
    assert.equal(findKnownResult('0', 'yolov8n-seg.onnx', size), undefined);
  });

  it('is certain only for exactly the same files', () => {
    const [known] = KNOWN_RESULTS;
    const zoo = 'd8eef15640b93b91a1b8e4182da58db3aef7dc7ba424f701dbf3f711682a2d11';
    assert.equal(isKnownModel(known!, 'renamed.bin', zoo), true);
    assert.equal(isKnownModel(known!, 'yolov8n-seg.onnx', ''), true);
    for (const file of ['yolov8n_seg.bin', 'my-yolov8n-seg.onnx', 'yolov8n-seg-best.onnx']) {
      assert.equal(isKnownModel(known!, file, zoo.replace('d', 'e')), false, file);
    }
  });
});

describe('tros-yolo-seg check', () => {
  it('finds the shapes of its own scene with the demo model', async () => {
    const { code, stdout, stderr } = await cli(['check', demoModel(), '--frames', '1'], undefined, {
      ROS_DISTRO: undefined,
    });
    assert.equal(code, 0, stderr + stdout);
    assert.match(stdout, /^tros-yolo-seg \d+\.\d+\.\d+ check, .*Z\n\nMachine\n/);
    assert.match(
      stdout,
      / ok +picture +the built-in scene: \d+ instances: .*; (\d+) of the \1 shapes in it found\n/,
    );
    assert.match(stdout, / note +2 threads +[\d.]+ frames\/s/);
    assert.match(stdout, /\nROS 2\n/);
    assert.match(stdout, /\n(\d+ \w+, )*\d+ ok\n$/);
  });

  it('reports what does not work as JSON, with exit code 1', async () => {
    const { code, stdout } = await cli(['check', join(folder, 'absent.onnx'), '--json']);
    assert.equal(code, 1);
    const { sections } = JSON.parse(stdout) as { sections: Section[] };
    assert.deepEqual(
      sections.map(({ title }) => title),
      ['Machine', 'Model', 'ROS 2'],
    );
    assert.match(finding(sections[1]!, 'model'), /^failure: .*absent\.onnx/);
  });

  it('accepts labels and heads for a model, and prints the command that runs it', async () => {
    const [file, labels] = [join(folder, 'chosen.onnx'), join(folder, 'names.txt')];
    writeFileSync(file, stockModel({ rows: 30, matrix: true, names: '' }));
    writeFileSync(labels, 'cat\ndog\nbird\n');
    const asked = ['check', file, '--frames', '0'];
    const alone = await cli(asked);
    assert.equal(alone.code, 1);
    assert.match(alone.stdout, /failure +model .*Expected .*give their names \(labels\)/);
    const checked = await cli([...asked, '--heads', 'instances,proto', '--labels', labels]);
    assert.equal(checked.code, 0, checked.stdout);
    assert.match(checked.stdout, / ok +heads +96x64, 3 classes, instances selected by the model/);
    assert.match(checked.stdout, / note +picture .* instances: (cat|dog|bird) 0\.\d/);
    const whole = join(folder, 'whole.onnx');
    writeFileSync(whole, stockModel({ matrix: true }));
    const uncut = await cli(['check', whole, '--frames', '0']);
    assert.match(uncut.stdout, / note +engine +The model cannot be cut into its heads and runs as it is/);
  });

  it('refuses two models', async () => {
    const { code, stderr } = await cli(['check', 'a.onnx', 'b.onnx']);
    assert.equal(code, 2);
    assert.match(stderr, /Expected at most one MODEL but received a\.onnx b\.onnx/);
  });
});

describeUnless(sharedData.skip, 'tros-yolo-seg check --picture bus.jpg', () => {
  it('finds the six instances that YOLOv8n-seg finds in it', async () => {
    const picture = sharedData.path('photos/bus.jpg');
    const model = sharedData.path('models/yolov8n-seg.onnx');
    const { code, stdout } = await cli(['check', model, '--picture', picture, '--frames', '0']);
    assert.equal(code, 0, stdout);
    assert.match(stdout, / ok +picture +bus\.jpg: 6 instances: .*; 6 are known to be in it\n/);
  });
});
