import { homedir } from 'node:os';
import { join } from 'node:path';

/** $XDG_CACHE_HOME/tros-yolo-seg, by default ~/.cache/tros-yolo-seg. */
export function cacheFolder(): string {
  const base = process.env['XDG_CACHE_HOME'];
  return join(
    base !== undefined && base !== '' ? base : join(homedir(), '.cache'),
    'tros-yolo-seg',
    'models',
  );
}
