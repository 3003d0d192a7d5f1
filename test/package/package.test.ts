import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { packageRoot } from '../../src/base/package-root.js';
import { CAMERA_PARAMETERS } from '../../src/parameters/camera.js';
import { checkParameter, type Parameter, renameWarning } from '../../src/parameters/parameter.js';
import { SEGMENT_PARAMETERS } from '../../src/parameters/segment.js';
import { describeUnless } from '../skips.js';

const read = (path: string): string => readFileSync(join(packageRoot, path), 'utf8');

describe('package.xml and CMakeLists.txt', () => {
  const manifest = read('package.xml');
  const cmake = read('CMakeLists.txt');

  it('agree with package.json', () => {
    const { version, license, author } = JSON.parse(read('package.json')) as Record<string, string>;
    assert.equal(/<version>(.*)<\/version>/.exec(manifest)?.[1], version);
    assert.equal(/<license[^>]*>(.*)<\/license>/.exec(manifest)?.[1], license);
    assert.equal(/<author>(.*)<\/author>/.exec(manifest)?.[1], author);
    assert.match(manifest, new RegExp(`<maintainer email="[^"]+">${author}</maintainer>`));
  });

  it('generate every message and service, and depend on the packages that these use', () => {
    const generated = [...cmake.matchAll(/^ {2}((?:msg|srv)\/\w+\.\w+)$/gm)].map(([, path]) => path!);
    const files = ['msg', 'srv'].flatMap((folder) =>
      readdirSync(join(packageRoot, folder)).map((name) => `${folder}/${name}`),
    );
    assert.deepEqual(generated.sort(), files.sort());
    for (const [, name] of files
      .map(read)
      .join('\n')
      .matchAll(/^(\w+)\/\w+/gm)) {
      assert.match(cmake, new RegExp(`DEPENDENCIES.*\\b${name}\\b`));
      assert.match(manifest, new RegExp(`<depend>${name}</depend>`));
    }
  });

  it('name files that exist', () => {
    for (const [, path] of cmake.matchAll(/include\((cmake\/\w+\.cmake)\)/g)) {
      assert.ok(existsSync(join(packageRoot, path!)), path);
    }
    const [, folders] = /install\(DIRECTORY (.*) DESTINATION/.exec(cmake)!;
    for (const folder of folders!.split(' ')) assert.ok(existsSync(join(packageRoot, folder)), folder);
    const app = read('cmake/app.cmake');
    for (const [, path] of app.matchAll(/SOURCE_DIR\}\/(scripts\/[\w.-]+)/g)) {
      assert.ok(existsSync(join(packageRoot, path!)), path);
    }
    const [, entries] = /foreach\(executable (.*)\)/.exec(app)!;
    for (const entry of entries!.split(' ')) {
      const path = `src/${entry.split('=')[1]}.ts`;
      assert.ok(existsSync(join(packageRoot, path)), path);
    }
  });

  it('depend on packages of TROS only on TROS', () => {
    for (const line of manifest.split('\n').filter((text) => /hobot|ai_msgs|hbm_img/.test(text))) {
      assert.match(line, /condition="\$TROS_DISTRO != ''"/);
    }
  });
});

/** What a launch file defines, as JSON. Stands in for ROS's Python modules. */
function launchFile(name: string, expression: string, environment: Record<string, string> = {}): unknown {
  const program = `
import importlib.machinery, importlib.util, json, sys
from unittest.mock import MagicMock
class Missing(Exception): pass
for module in ['launch', 'launch.actions', 'launch.launch_description_sources', 'launch.substitutions', 'launch_ros',
               'launch_ros.actions', 'launch_ros.parameter_descriptions', 'ament_index_python', 'ament_index_python.packages']:
    sys.modules[module] = MagicMock()
packages = {}
def share(package):
    if package not in packages: raise Missing(package)
    return packages[package]
sys.modules['ament_index_python.packages'].PackageNotFoundError = Missing
sys.modules['ament_index_python.packages'].get_package_share_directory = share
sys.modules['launch_ros.parameter_descriptions'].ParameterValue = lambda value, value_type: value
sys.dont_write_bytecode = True
loader = importlib.machinery.SourceFileLoader('launch_file', sys.argv[1])
file = importlib.util.module_from_spec(importlib.util.spec_from_loader('launch_file', loader))
loader.exec_module(file)
print(json.dumps(eval(sys.argv[2])))
`;
  const output = execFileSync(
    '/usr/bin/python3',
    ['-c', program, join(packageRoot, 'launch', name), expression],
    {
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  return JSON.parse(output);
}

const hasPython = existsSync('/usr/bin/python3') && existsSync('/usr/lib/python3/dist-packages/yaml');

describeUnless(hasPython ? false : 'needs /usr/bin/python3 with yaml', 'launch files', () => {
  it('are valid Python', () => {
    for (const name of readdirSync(join(packageRoot, 'launch'))) {
      if (name.endsWith('.py'))
        assert.equal(launchFile(name, 'callable(file.generate_launch_description)'), true);
    }
  });

  type Argument = [name: string, value: string, help: string, choices: string[] | null];
  const declared = (name: string): Argument[] =>
    launchFile(
      name,
      `(file.generate_launch_description(), [[call.args[0], str(call.kwargs['default_value']), call.kwargs['description'], call.kwargs.get('choices')] for call in file.DeclareLaunchArgument.call_args_list])[1]`,
    ) as Argument[];

  it("have an argument for each parameter of segment, whose default is the node's", () => {
    const all = declared('segment.launch.py');
    const names = all.map(([name]) => name);
    assert.deepEqual(names, [...new Set(names)], 'each once');
    for (const [name, row] of Object.entries<Parameter>(SEGMENT_PARAMETERS)) {
      const [, value, help, choices] = all.find((argument) => argument[0] === name) ?? assert.fail(name);
      assert.equal(value, '', 'so that params_file and the node decide');
      assert.ok(help.startsWith(row.help), name);
      const values = row.type === 'bool' ? ['true', 'false'] : row.choices;
      assert.deepEqual(choices, values ? ['', ...values] : null, name);
    }
    const help = (name: string): string => all.find((argument) => argument[0] === name)![2];
    assert.match(help('score'), /\(a number from 0 to 1; default: 0\.25\)$/);
    assert.match(help('roi'), /\(a list of strings; separated by semicolons\)$/);
    assert.match(help('max_rate'), /\(a list of integers from 0 to 1000; separated by commas; default: 0\)$/);
    assert.match(help('autostart'), /\(true or false; default: true\)$/);
  });

  it('have the arguments of the camera stand-in with its defaults and choices', () => {
    const all = new Map(
      declared('segment.launch.py').map(([name, value, , choices]) => [name, { value, choices }]),
    );
    const { message } = CAMERA_PARAMETERS;
    assert.deepEqual(all.get('message'), { value: message.default, choices: [...message.choices] });
    assert.deepEqual(all.get('rate'), { value: '30', choices: null });
    assert.deepEqual(all.get('loop'), { value: 'true', choices: ['true', 'false'] });
    assert.deepEqual(all.get('inputs'), { value: CAMERA_PARAMETERS.inputs.default.join(), choices: null });
  });

  it('give parameters the types that nodes declare', () => {
    const given = {
      model: 'yolov8n-seg-x5',
      images: '/front/image, /rear/image',
      roi: '1,2,30,40;',
      max_rate: '[5, 0]',
      score: '1',
      slots: '3',
      overlay_boxes: 'false',
    };
    const texts = JSON.stringify(given).replaceAll('"', "'");
    const parameters = launchFile(
      'segment.launch.py',
      `file.given_parameters(file.PARAMETERS, lambda name: ${texts}.get(name, ''))`,
    ) as Record<string, unknown>;
    assert.deepEqual(parameters, {
      ...given,
      images: ['/front/image', '/rear/image'],
      roi: ['1,2,30,40', ' '],
      max_rate: [5, 0],
      score: 1,
      slots: 3,
      overlay_boxes: false,
    });
    for (const [name, value] of Object.entries(parameters)) {
      checkParameter(name, SEGMENT_PARAMETERS[name as keyof typeof SEGMENT_PARAMETERS], value);
    }
    const wrong = (name: string, text: string): unknown =>
      launchFile('segment.launch.py', `file.typed('${name}', file.PARAMETERS['${name}'], '${text}')`);
    assert.throws(() => wrong('score', 'high'), /Expected a number for score but received high/);
    assert.throws(() => wrong('max_rate', '5,x'), /Expected an integer for max_rate but received x/);
  });

  it('accept arguments under their former names, with a warning', () => {
    const former = (given: object): unknown =>
      launchFile(
        'segment.launch.py',
        `file.former_names({'iou': {'type': 'double', 'was': 'nms_threshold', 'default': 0.7}, 'loop': {'type': 'bool', 'was': 'again', 'default': False}, 'score': {'type': 'double', 'default': 0.25}}, ${JSON.stringify(given)})`,
      );
    assert.deepEqual(former({ iou: '', score: '0.3' }), [{}, []]);
    assert.deepEqual(former({ iou: '', nms_threshold: '0.5' }), [
      { iou: '0.5' },
      [renameWarning('Argument', 'nms_threshold', 'iou', false)],
    ]);
    assert.deepEqual(former({ iou: '0.6', nms_threshold: '0.5' }), [
      {},
      [renameWarning('Argument', 'nms_threshold', 'iou', true)],
    ]);
    assert.throws(() => former({ again: 'True' }), /Expected true, false for loop but received True/);
  });

  it('use the connected camera, and report it if it is not the requested one', () => {
    const choose = (wanted: string, installed: string[]): [string, string[]] =>
      launchFile(
        'segment.launch.py',
        `packages.update({name: '/' for name in ${JSON.stringify(installed)}}) or file.choose_camera('${wanted}')`,
      ) as [string, string[]];
    assert.equal(choose('auto', [])[0], 'stand-in');
    assert.equal(choose('auto', ['mipi_cam', 'hobot_shm'])[0], 'mipi');
    assert.equal(choose('false', ['mipi_cam', 'hobot_shm'])[0], 'false');
    const [camera, notes] = choose('usb', ['hobot_usb_cam', 'hobot_shm']);
    assert.equal(camera, 'stand-in');
    assert.match(notes[0]!, /Expected hobot_codec for the camera usb but did not find that installed/);
    assert.match(choose('webcam', [])[1][0]!, /Expected auto, mipi, .* but received webcam/);
  });

  it('use the pictures, depth and CameraInfo of hobot_stereonet, and start no other camera', () => {
    const segment = (given: object): Record<string, unknown> =>
      launchFile(
        'segment.launch.py',
        `[file.start_node(lambda name: {'camera': 'auto', **${JSON.stringify(given)}}.get(name, ''), ${'camera' in given ? "'/image'" : 'None'}, False), file.Node.call_args.kwargs['parameters'][-1]][1]`,
      ) as Record<string, unknown>;
    const depth = {
      depth: ['/StereoNetNode/stereonet_depth'],
      depth_info: ['/StereoNetNode/stereonet_depth/camera_info'],
    };
    const own = segment({ depth: 'stereonet' });
    delete own['use_sim_time'];
    assert.deepEqual(own, {
      ...depth,
      images: ['/StereoNetNode/rectify_left_image'],
      depth_registration: 'registered',
    });
    for (const [name, value] of Object.entries(own))
      checkParameter(name, SEGMENT_PARAMETERS[name as keyof typeof SEGMENT_PARAMETERS], value);
    // Nothing says that depth lies on the pictures of another camera.
    const none = { images: undefined, depth_registration: undefined };
    for (const given of [{ camera: 'usb' }, { images: '/front/image' }]) {
      const set = { ...none, ...segment({ depth: 'stereonet', ...given }) };
      assert.deepEqual([set.depth_registration, set['depth' as never]], [undefined, depth.depth]);
      assert.deepEqual(set.images, ['images' in given ? '/front/image' : '/image']);
    }
    // What is given goes before it.
    const given = segment({ depth: 'stereonet', depth_registration: 'auto', depth_info: '/other/info' });
    assert.deepEqual([given['depth_registration'], given['depth_info']], ['auto', ['/other/info']]);
    const other = segment({ depth: '/depth/image' });
    assert.deepEqual([other['depth'], other['depth_info']], [['/depth/image'], undefined]);

    const started = (camera: string): string[] =>
      launchFile(
        'segment.launch.py',
        `[given := {'camera': '${camera}', 'depth': 'stereonet', 'web': 'false', 'hdmi': 'false', 'dds': 'false', 'message': 'image'}, setattr(file, 'LaunchConfiguration', lambda name: type('Given', (), {'perform': lambda self, context: given.get(name, '')})()), file.start(type('Context', (), {'launch_configurations': given})()), [call.kwargs['executable'] for call in file.Node.call_args_list]][-1]`,
      ) as string[];
    assert.deepEqual(started('auto'), ['segment']);
    assert.deepEqual(started('stand-in'), ['camera', 'segment']);
  });

  it('let the stand-in play the depth of its scenes, and show it in rviz', () => {
    const started = (camera: string): { parameters: object[]; executable: string }[] =>
      launchFile(
        'segment.launch.py',
        `[given := {'camera': '${camera}', 'depth': 'scene', 'web': 'false', 'hdmi': 'false', 'dds': 'false', 'message': 'image'}, setattr(file, 'LaunchConfiguration', lambda name: type('Given', (), {'perform': lambda self, context: given.get(name, '')})()), file.start(type('Context', (), {'launch_configurations': given})()), [{'executable': call.kwargs['executable'], 'parameters': call.kwargs['parameters']} for call in file.Node.call_args_list]][-1]`,
      ) as { parameters: object[]; executable: string }[];
    const [camera, segment] = started('stand-in');
    assert.deepEqual([camera!.executable, segment!.executable], ['camera', 'segment']);
    const depth = (node: { parameters: object[] }): unknown =>
      ({ ...node.parameters.at(-1) })['depth' as never];
    assert.equal(depth(camera!), 'scene');
    assert.deepEqual(depth(segment!), ['depth/image_raw']);
    checkParameter('depth', SEGMENT_PARAMETERS.depth, depth(segment!));
    checkParameter('depth', CAMERA_PARAMETERS.depth, depth(camera!));
    assert.throws(
      () => started('false'),
      /Expected camera:=stand-in for depth:=scene but the camera is false/,
    );

    const viewed = (value: string): string[][] =>
      launchFile(
        'demo.launch.py',
        `[packages.update({'rviz2': '/rviz'}), setattr(file, 'LaunchConfiguration', lambda name: type('Given', (), {'perform': lambda self, context: {'rviz': 'true', 'depth': '${value}'}[name]})()), file.view(None, '/share'), [[call.kwargs['executable'], *call.kwargs['arguments']] for call in file.Node.call_args_list]][-1]`,
      ) as string[][];
    assert.deepEqual(viewed(''), [['rviz2', '-d', '/share/rviz/segment.rviz']]);
    const [rviz, transform] = viewed('scene');
    assert.deepEqual(rviz, ['rviz2', '-d', '/share/rviz/depth.rviz']);
    // The optical frame's z is the world's x, its x points to the right and its y down.
    assert.match(
      transform!.join(' '),
      /^static_transform_publisher --frame-id camera_link --child-frame-id camera --roll -1\.57\d+ --yaw -1\.57\d+$/,
    );
    const { passed, help, choices } = launchFile(
      'demo.launch.py',
      `[packages.update({'tros_yolo_seg': '/share'}), setattr(file, 'LaunchConfiguration', lambda name: name + ':'), file.generate_launch_description(), [{'passed': dict(file.IncludeLaunchDescription.call_args.kwargs['launch_arguments']), 'help': call.kwargs['description'], 'choices': call.kwargs['choices']} for call in file.DeclareLaunchArgument.call_args_list if call.args[0] == 'depth'][0]][-1]`,
    ) as { passed: Record<string, string>; help: string; choices: string[] };
    assert.deepEqual([passed['depth'], passed['camera']], ['depth:', 'stand-in']);
    assert.deepEqual(choices, ['', 'scene']);
    assert.ok(help.startsWith(SEGMENT_PARAMETERS.depth.help));
  });

  it('pass a file of parameters only if one is given', () => {
    const file = (path: string): unknown => launchFile('segment.launch.py', `file.parameter_file('${path}')`);
    assert.equal(file(''), null);
    assert.equal(file(join(packageRoot, 'config/segment.yaml')), join(packageRoot, 'config/segment.yaml'));
    assert.throws(() => file('/nowhere/my.yaml'), /params_file but there is no file \/nowhere\/my\.yaml/);
  });

  it('leave the DDS settings of the user alone', () => {
    const set = (environment: Record<string, string>, wanted = 'auto', free = 1e9): string[][] =>
      launchFile(
        'segment.launch.py',
        `(packages.update({'tros_yolo_seg': '/share'}), setattr(file, 'SetEnvironmentVariable', lambda *pair: list(pair)), setattr(file, 'LogInfo', lambda msg: [msg]), setattr(file.shutil, 'disk_usage', lambda path: type('', (), {'free': ${free}})), file.dds_profiles('${wanted}'))[-1]`,
        environment,
      ) as string[][];
    const fast = ['FASTRTPS_DEFAULT_PROFILES_FILE', 'FASTDDS_DEFAULT_PROFILES_FILE'].map((name) => [
      name,
      '/share/config/dds/fastdds.xml',
    ]);
    const cyclone = ['CYCLONEDDS_URI', 'file:///share/config/dds/cyclonedds.xml'];
    const lend = ['RMW_FASTRTPS_USE_QOS_FROM_XML', '1'];
    const take = ['ROS_DISABLE_LOANED_MESSAGES', '0'];
    assert.deepEqual(set({}), [...fast, lend, take, cyclone]);
    assert.deepEqual(set({ CYCLONEDDS_URI: 'x' }), [...fast, lend, take]);
    assert.deepEqual(set({ ROS_DISABLE_LOANED_MESSAGES: '1' }), [...fast, lend, cyclone]);
    assert.deepEqual(set({ FASTDDS_DEFAULT_PROFILES_FILE: 'x' }), [cyclone]);
    assert.deepEqual(set({ RMW_FASTRTPS_USE_QOS_FROM_XML: '1' }), [cyclone]);
    assert.deepEqual(set({}, 'false'), []);
    const [note, ...others] = set({}, 'auto', 60e6);
    assert.match(note![0]!, /Expected 512 MB free in \/dev\/shm .* but there are 60/);
    assert.deepEqual(others, [cyclone]);
    for (const local of [{ ROS_LOCALHOST_ONLY: '1' }, { ROS_AUTOMATIC_DISCOVERY_RANGE: 'LOCALHOST' }]) {
      assert.equal(set(local)[0]![1], '/share/config/dds/fastdds-localhost.xml');
    }
    assert.equal(set({ ROS_AUTOMATIC_DISCOVERY_RANGE: 'SUBNET' })[0]![1], '/share/config/dds/fastdds.xml');
  });
});

describeUnless(hasPython ? false : 'needs /usr/bin/python3 with yaml', 'receive buffer', () => {
  it('is reported if it is too small', () => {
    const hint = (most: number): string[] =>
      launchFile(
        'segment.launch.py',
        `(setattr(file, 'LogInfo', lambda msg: msg), setattr(file, 'open', lambda *given, **more: __import__('io').StringIO('${most}\\n')), file.receive_buffer_hint('x'))[-1]`,
      ) as string[];
    assert.deepEqual(hint(4194304), []);
    assert.match(hint(212992)[0]!, /Expected net.core.rmem_max of 4194304 or more .* but it is 212992/);
  });
});

describe('DDS profiles', () => {
  const plain = (path: string): string => read(path).replaceAll(/<!--[^]*?-->/g, '');

  it('give Fast DDS 64 MB of shared memory, and UDP unless rmw_fastrtps adds it', () => {
    for (const [path, udp] of [
      ['config/dds/fastdds.xml', true],
      ['config/dds/fastdds-localhost.xml', false],
    ] as const) {
      assert.match(plain(path), /<segment_size>67108864<\/segment_size>/);
      assert.equal(plain(path).includes('UDPv4'), udp, path);
      assert.match(
        plain(path),
        /<data_reader[^]*<data_sharing>\s*<kind>AUTOMATIC[^]*PREALLOCATED_WITH_REALLOC/,
      );
    }
  });

  it('neither choose interfaces for Cyclone DDS nor request more memory than the kernel allows', () => {
    const cyclone = plain('config/dds/cyclonedds.xml');
    assert.match(cyclone, /<SocketReceiveBufferSize max="32MB"\/>/);
    assert.doesNotMatch(cyclone, /Interface|min=|AllowMulticast/);
  });
});

describe('layouts', () => {
  it('have a panel for each place, and no other', () => {
    const layout = JSON.parse(read('rviz/foxglove.json')) as {
      configById: Record<string, object>;
      layout: unknown;
    };
    const places: string[] = [];
    const walk = (place: unknown): void => {
      if (typeof place === 'string') return void places.push(place);
      const { first, second } = place as { first: unknown; second: unknown };
      walk(first);
      walk(second);
    };
    walk(layout.layout);
    assert.deepEqual(places.sort(), Object.keys(layout.configById).sort());
  });
});
