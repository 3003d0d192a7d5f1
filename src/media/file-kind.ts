import { extname } from 'node:path';

/** Kind of a file. `png` is a picture, unless it is animated. `mjpeg` is a sequence of JPEG files without a container. */
export type FileKind = 'picture' | 'png' | 'video' | 'mjpeg' | 'nv12' | 'bag';

/** Bytes at the start of a file that fileKind() needs. */
export const BEGIN_LENGTH = 64;

const EXTENSIONS = {
  picture: ['jpg', 'jpeg', 'jpe', 'jfif', 'png', 'apng', 'webp', 'tif', 'tiff', 'avif'],
  video: [
    'mp4',
    'm4v',
    'mov',
    'mkv',
    'webm',
    'avi',
    'gif',
    'mpg',
    'mpeg',
    'ts',
    'm2ts',
    'mjpeg',
    'mjpg',
    'h264',
    'h265',
    'hevc',
  ],
  nv12: ['nv12', 'yuv'],
  bag: ['mcap', 'db3', 'bag'],
} as const satisfies Partial<Record<FileKind, readonly string[]>>;

type NamedKind = keyof typeof EXTENSIONS;

const JPEG = '\xff\xd8\xff';

/** First bytes of formats with a signature, as Latin-1 text; ? stands for any byte. */
const SIGNATURES: readonly (readonly [FileKind, string])[] = [
  ['picture', JPEG],
  ['png', '\x89PNG\r\n\x1a\n'],
  ['picture', 'RIFF????WEBP'],
  ['picture', 'II*\0'], // TIFF
  ['picture', 'MM\0*'],
  ['picture', '????ftypavif'],
  ['video', '????ftyp'], // MP4, MOV
  ['video', '????moov'],
  ['video', '????mdat'],
  ['video', '\x1a\x45\xdf\xa3'], // Matroska, WebM
  ['video', 'RIFF????AVI '],
  ['video', 'GIF8'],
  ['video', '\0\0\x01\xba'], // MPEG program stream
  ['bag', '\x89MCAP0\r\n'],
  ['bag', 'SQLite format 3\0'], // rosbag2's older storage
  ['bag', '#ROSBAG V'],
];

/**
 * The kind of a file: by its signature, else by its name. Raw NV12 has no signature and may begin with any bytes, so only
 * its name counts. Motion JPEG, as cameras and servers write it, is a sequence of JPEG files and begins like a picture.
 * There the name of a video decides, because photos of phones also have a second picture behind the first.
 *
 * @param begin the first BEGIN_LENGTH bytes, or the whole of a shorter file
 */
export function fileKind(path: string, begin: Uint8Array): FileKind | undefined {
  const named = kindByName(path);
  if (named === 'nv12') return named;
  const text = Buffer.from(begin).toString('latin1');
  if (named === 'video' && begins(text, JPEG)) return 'mjpeg';
  return SIGNATURES.find(([, signature]) => begins(text, signature))?.[0] ?? named;
}

function begins(text: string, signature: string): boolean {
  if (text.length < signature.length) return false;
  return Array.from(signature).every((character, i) => character === '?' || character === text[i]);
}

function kindByName(path: string): NamedKind | undefined {
  const extension = extname(path).slice(1).toLowerCase();
  const kinds = Object.entries(EXTENSIONS) as [NamedKind, readonly string[]][];
  return kinds.find(([, extensions]) => extensions.includes(extension))?.[0];
}

/** Whether a name has the suffix of a picture, video, NV12 file or bag. */
export function isFileName(path: string): boolean {
  return kindByName(path) !== undefined;
}

/** For error messages: `picture (.jpg .png ...), video (...)`. */
export function knownFiles(): string {
  return Object.entries(EXTENSIONS)
    .map(([kind, extensions]) => `${kind} (${extensions.map((extension) => `.${extension}`).join(' ')})`)
    .join(', ');
}
