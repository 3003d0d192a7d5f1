// The floors of the house (docs/architecture.md): a room imports what stands above it in this list, and nothing below. Parts of a
// room may import each other, never in a circle.
export const FLOORS = [
  'base',
  'vision',
  'native',
  'model',
  'engine',
  'message',
  'media',
  'parameters',
  'pipeline',
  'web',
  'node',
  'cli',
];

/** Parts of the room vision, the ground first. */
export const VISION = ['picture', 'tensor', 'mask', 'decode', 'track', 'depth', 'evaluate'];

const upward = (root, floors) =>
  floors.slice(0, -1).map((floor, index) => ({
    name: `${floor}-imports-upward`,
    severity: 'error',
    comment: `${root}/${floor} stands below ${floors.slice(index + 1).join(', ')} (docs/architecture.md).`,
    from: { path: `^${root}/${floor}/` },
    to: { path: `^${root}/(${floors.slice(index + 1).join('|')})/` },
  }));

export default {
  forbidden: [
    ...upward('src', FLOORS),
    ...upward('src/vision', VISION),
    {
      name: 'a-room-of-its-own',
      severity: 'error',
      comment: 'Every file of src/ stands in a room of FLOORS; src/index.ts is the public face.',
      from: { path: '^src/', pathNot: `^src/(index\\.ts|(${FLOORS.join('|')})/)` },
      to: {},
    },
    { name: 'circle', severity: 'error', from: { path: '^src/' }, to: { circular: true } },
    {
      name: 'circle-of-folders',
      severity: 'error',
      scope: 'folder',
      comment: 'Parts of a room may import each other, never in a circle.',
      from: { path: '^src/' },
      to: { circular: true },
    },
    {
      name: 'not-shipped',
      severity: 'error',
      comment: 'src/ is what users install; bench/, tools/ and test/ are not.',
      from: { path: '^src/' },
      to: { path: '^(bench|tools|test)/' },
    },
    {
      name: 'vision-is-pure',
      severity: 'error',
      comment: 'What is seen: typed arrays in, typed arrays out. No files, no processes, no packages.',
      from: { path: '^src/vision/' },
      to: { dependencyTypes: ['core', 'npm', 'npm-optional', 'npm-dev'] },
    },
    {
      name: 'one-rclnodejs',
      severity: 'error',
      comment: 'src/node/ros/rclnodejs.ts loads it, when the node starts.',
      from: { path: '^src/', pathNot: '^src/node/ros/rclnodejs\\.ts$' },
      to: { path: '(^|/)rclnodejs($|/)', dependencyTypes: ['npm'] },
    },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
  },
};
