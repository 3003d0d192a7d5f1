// The control file of the Debian packages.

/** Where the package is installed, and how packages of ROS and TROS are named: tros-humble-... are in D-Robotics' apt repository. */
export const FLAVORS = {
  ros: { prefix: '/opt/ros/humble', name: 'ros-humble-tros-yolo-seg', tros: false },
  tros: { prefix: '/opt/tros/humble', name: 'tros-humble-tros-yolo-seg', tros: true },
};

/** Switch a topic on where they are installed, and nothing breaks without them (package.xml). */
const OPTIONAL = ['vision_msgs', 'foxglove_msgs'];

/** Node.js in one of its tested releases; Ubuntu 22.04 has 12, so it comes from nodesource.com unless it is bundled. */
export const NODE = 'nodejs (>= 20.20)';

/** The run-time dependencies in package.xml: [ROS package, whether TROS only]. */
export function rosDepends(packageXml) {
  const tag = /<(?:exec_depend|depend)( condition="\$TROS_DISTRO != ''")?>(\w+)<\//g;
  return [...packageXml.matchAll(tag)].map(([, condition, name]) => [name, condition !== undefined]);
}

/**
 * The control file.
 *
 * @param options.flavor key of FLAVORS
 * @param options.depends what the libraries need (elfDepends)
 * @param options.bundled whether Node.js is part of the package
 * @param options.kilobytes installed size
 */
export function control({
  flavor,
  manifest,
  packageXml,
  revision,
  architecture,
  depends,
  bundled,
  kilobytes,
}) {
  const { name, tros } = FLAVORS[flavor];
  const listed = rosDepends(packageXml);
  const ofTros = new Set(listed.filter(([, only]) => only).map(([ros]) => ros));
  const debian = (ros) => `${ofTros.has(ros) ? 'tros' : 'ros'}-humble-${ros.replaceAll('_', '-')}`;
  const wanted = [...listed.filter(([, only]) => tros || !only).map(([ros]) => ros), ...depends.ros];
  const hard = new Set(wanted.filter((ros) => !OPTIONAL.includes(ros)).map(debian));
  const soft = new Set(wanted.filter((ros) => OPTIONAL.includes(ros)).map(debian));
  const [, email] = /<maintainer email="([^"]+)"/.exec(packageXml);
  const other = Object.values(FLAVORS).find((entry) => entry.name !== name).name;
  return `Package: ${name}
Version: ${manifest.version}-${revision}
Architecture: ${architecture}
Maintainer: ${manifest.author} <${email}>
Installed-Size: ${kilobytes}
Depends: ${[...(bundled ? [] : [NODE]), ...depends.system, ...[...hard].sort()].join(', ')}
Recommends: ${[...[...soft].sort(), 'ffmpeg'].join(', ')}
Conflicts: ${other}
Section: misc
Priority: optional
Description: instance segmentation node for ROS 2 and TROS
 Boxes, masks and tracks of objects in NV12 camera frames, by YOLO segmentation
 models on the BPU of D-Robotics RDK boards or on the CPU. Installed in
 ${FLAVORS[flavor].prefix}, with a systemd service that is not enabled.
 .
 ${
   bundled
     ? `It brings Node.js ${bundled} along.`
     : "It needs Node.js 20.20, 22.12 or newer, as packaged by nodesource.com:\n Ubuntu 22.04's own is too old."
 }
`;
}
