import { existsSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** Names, in their environment, the suite that processes belong to, also those that they start. */
export const MARK = 'TROS_YOLO_SEG_SUITE';

/** Processes that carry the mark, as [id, command line]. */
export function processesOf(mark: string): [pid: number, command: string][] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name): [number, string][] => {
      const environment = read(`/proc/${name}/environ`);
      if (!environment.split('\0').includes(`${MARK}=${mark}`)) return [];
      return [[Number(name), read(`/proc/${name}/cmdline`).replaceAll('\0', ' ').trim()]];
    });
}

/** Files in /dev/shm that a process has mapped or open. Empty when it has ended. */
export function sharedMemoryOf(pid: number): string[] {
  const mapped = read(`/proc/${pid}/maps`).match(/\/dev\/shm\/\S+/g) ?? [];
  return [...new Set([...mapped, ...openFiles(pid)])].filter((file) => existsSync(file));
}

/**
 * Files in /dev/shm that running processes have mapped or open. Those of other suites may be ours, too: Fast DDS has ports for
 * ros_discovery_info from 7000 on, which all domains of a machine share.
 */
export function sharedMemoryInUse(): Set<string> {
  const processes = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return new Set(processes.flatMap((pid) => sharedMemoryOf(Number(pid))));
}

/** Removes files of Fast DDS in /dev/shm, with the locks that belong to them. @returns those that were there */
export function removeSharedMemory(files: Iterable<string>): string[] {
  const found = [...files]
    .flatMap((file) => [file, `${file}_el`])
    .filter((file) => file.startsWith('/dev/shm/') && existsSync(file));
  for (const file of found) rmSync(file, { force: true });
  return found;
}

function openFiles(pid: number): string[] {
  const folder = `/proc/${pid}/fd`;
  try {
    return readdirSync(folder).flatMap((name) => {
      try {
        const file = readlinkSync(join(folder, name));
        return file.startsWith('/dev/shm/') ? [file] : [];
      } catch {
        return []; // closed meanwhile
      }
    });
  } catch {
    return []; // ended meanwhile
  }
}

/** The text of a file in /proc, or nothing when the process has ended or is somebody else's. */
function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
