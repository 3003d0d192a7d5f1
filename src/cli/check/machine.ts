import { readFileSync } from 'node:fs';
import { cpus, freemem, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { messageOf } from '../../base/expect.js';
import { addon } from '../../native/addon.js';
import { BoardHealth } from '../../node/segment/board-health.js';
import { packageRoot } from '../../base/package-root.js';
import { boardFinding, type Board } from './board.js';
import type { Finding, Section } from './finding.js';
import type { Host } from './host.js';

const GOVERNOR = 'sys/devices/system/cpu/cpufreq/policy0/scaling_governor';
const DRIVER = 'sys/devices/system/cpu/cpufreq/policy0/scaling_driver';
/**
 * Drivers of PCs that choose the clock themselves. Their `powersave` is the normal balanced mode (kernel, admin-guide/pm).
 */
const SELF_GOVERNED = ['intel_pstate', 'amd-pstate-epp'];

/** Board, operating system, cores, clocks, memory, Node.js and the addon. */
export async function machineSection(host: Host, board: Board | undefined): Promise<Section> {
  return {
    title: 'Machine',
    findings: [
      boardFinding(host, board),
      system(host),
      processor(),
      governor(host),
      ...(await clocks(host)),
      { what: 'memory', verdict: 'ok', text: `${gigabytes(freemem())} of ${gigabytes(totalmem())} GiB free` },
      node(),
      native(),
    ],
  };
}

function system(host: Host): Finding {
  const name = /^PRETTY_NAME="?([^"\n]*)/m.exec(host.text('etc/os-release') ?? '')?.[1];
  return {
    what: 'system',
    verdict: 'ok',
    text: `${name ?? process.platform}, kernel ${release()}, ${process.arch}`,
  };
}

function processor(): Finding {
  const all = cpus();
  const model = all[0]?.model.trim() ?? '';
  return {
    what: 'CPU',
    verdict: 'ok',
    text: `${all.length} cores${model && model !== 'unknown' ? ` of ${model}` : ''}`,
  };
}

function governor(host: Host): Finding {
  const what = 'CPU governor';
  const found = host.text(GOVERNOR);
  if (found === undefined) return { what, verdict: 'unknown', text: `no /${GOVERNOR}` };
  if (found !== 'powersave') return { what, verdict: 'ok', text: found };
  const driver = host.text(DRIVER) ?? '';
  if (SELF_GOVERNED.includes(driver)) return { what, verdict: 'ok', text: `${found} of ${driver}` };
  return {
    what,
    verdict: 'warning',
    text: `${found}: the cores stay at their lowest clock`,
    hint: 'echo performance | sudo tee /sys/devices/system/cpu/cpufreq/policy*/scaling_governor',
  };
}

async function clocks(host: Host): Promise<Finding[]> {
  const health = new BoardHealth(host.root);
  await health.read();
  const status = health.status('check');
  if (!status)
    return [{ what: 'temperatures and clocks', verdict: 'unknown', text: 'the kernel reports none' }];
  const readings = Object.entries(status.values).map(([name, value]) => `${name} ${value}`);
  return [
    { what: 'temperatures and clocks', verdict: 'ok', text: readings.join(', ') },
    ...(status.level === 'ok'
      ? []
      : [
          {
            what: 'throttling',
            verdict: 'warning',
            text: status.message,
            hint: 'Cool the board, then measure again.',
          } as const,
        ]),
  ];
}

function node(): Finding {
  const what = 'Node.js';
  const { engines } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as {
    engines: { node: string };
  };
  const [major, minor] = process.versions.node.split('.').map(Number) as [number, number];
  const fits = major === 20 ? minor >= 20 : major === 22 ? minor >= 12 : major > 22;
  const text = `${process.version} (${process.execPath})`;
  return fits
    ? { what, verdict: 'ok', text }
    : { what, verdict: 'failure', text, hint: `Install one that is ${engines.node}.` };
}

function native(): Finding {
  const what = 'native addon';
  try {
    return { what, verdict: 'ok', text: `loads, pixel kernels ${addon().pixelKernels().chosen}` };
  } catch (error) {
    return { what, verdict: 'failure', text: messageOf(error).replace(/\n+/g, ' ') };
  }
}

function gigabytes(bytes: number): string {
  return (bytes / 2 ** 30).toFixed(1);
}
