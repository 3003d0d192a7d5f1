import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { ExpectationError, messageOf } from '../../base/expect.js';

const CONVERT_HINT =
  'Convert it: ros2 bag convert -i BAG -o out.yaml, with "output_bags: [{uri: NEW_BAG, storage_id: mcap, all: true}]" in out.yaml.';
const DECOMPRESS_HINT = 'Decompress it first: zstd -d FILE.';
const ROS1_HINT = 'It is a ROS 1 bag. Convert it, for example with rosbags-convert of the rosbags package.';

/** First bytes of files that are mistaken for MCAP files, and what to do about them. */
const OTHER_FORMATS: readonly { begin: string; found: string; hint: string }[] = [
  { begin: 'SQLite format 3\0', found: 'an SQLite database (.db3)', hint: CONVERT_HINT },
  { begin: '#ROSBAG V', found: 'a ROS 1 bag', hint: ROS1_HINT },
  { begin: '\x28\xb5\x2f\xfd', found: 'a file compressed with zstd', hint: DECOMPRESS_HINT },
];
const MCAP_BEGIN = '\x89MCAP0\r\n';

/** Bytes at the start of a file that `expectMcap` needs, if the file is long enough. */
export const MAGIC_LENGTH = 16;

/** @throws ExpectationError unless a file that begins with these bytes is an MCAP file. */
export function expectMcap(file: string, begin: Uint8Array): void {
  const text = Buffer.from(begin).toString('latin1');
  if (text.startsWith(MCAP_BEGIN)) return;
  const other = OTHER_FORMATS.find((format) => text.startsWith(format.begin));
  if (begin.length === 0) throw new ExpectationError('an MCAP file', `an empty file, ${file}`);
  throw new ExpectationError('an MCAP file', `${other?.found ?? 'something else'}, ${file}`, other?.hint);
}

/**
 * The MCAP files of a bag in the order of recording: the file itself, or those in a rosbag2 folder.
 *
 * In a folder, metadata.yaml is the authority. Without it (a recording that was killed), all MCAP files count, in the order
 * of rosbag2's numbers.
 *
 * @throws ExpectationError for anything that is not a bag, a bag in another format, and files that metadata.yaml lists but
 * are missing
 */
export async function bagFiles(bag: string): Promise<string[]> {
  const found = await stat(bag).catch((error: unknown) => {
    throw new ExpectationError('an MCAP file or a rosbag2 folder', messageOf(error));
  });
  if (!found.isDirectory()) return [bag];
  const entries = await readdir(bag);
  const names = entries.includes('metadata.yaml')
    ? listedFiles(await readFile(path.join(bag, 'metadata.yaml'), 'utf8'))
    : entries.filter((name) => /\.(mcap|db3)(\.zstd)?$/.test(name)).sort(byNumber);
  if (names.length === 0) throw new ExpectationError(`MCAP files in the folder ${bag}`, 'none');
  for (const name of names) {
    if (name.endsWith('.zstd')) throw new ExpectationError('an MCAP file', name, DECOMPRESS_HINT);
    if (!name.endsWith('.mcap')) throw new ExpectationError('an MCAP file', name, CONVERT_HINT);
    if (!entries.includes(name)) {
      throw new ExpectationError(
        `the file ${name} in ${bag}, which its metadata.yaml lists`,
        'none',
        'Copy it there, or rebuild the list: ros2 bag reindex -s mcap BAG.',
      );
    }
  }
  return names.map((name) => path.join(bag, name));
}

/** `relative_file_paths` of a metadata.yaml as yaml-cpp writes it: a block list of plain or quoted names. */
function listedFiles(metadata: string): string[] {
  const list = /^ *relative_file_paths: *\r?\n((?: *- .*\r?\n?)*)/m.exec(metadata)?.[1] ?? '';
  return [...list.matchAll(/^ *- *(["']?)(.*?)\1 *\r?$/gm)].map(([, , name]) => path.basename(name!));
}

function byNumber(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}
