import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DiagnosticStatus } from '../../message/write/diagnostic-array.js';

/** Degrees below the temperature at which the kernel shuts the board down. */
const CLOSE = 5;

/** Folders of the kernel (Documentation/driver-api/thermal, admin-guide/pm/cpufreq, class devfreq). */
const THERMAL = 'sys/class/thermal';
const CPUFREQ = 'sys/devices/system/cpu/cpufreq';
const DEVFREQ = 'sys/class/devfreq';

interface Reading {
  readonly values: Record<string, string>;
  /** Reasons why the board is slow, or soon will be. */
  readonly troubles: string[];
}

/**
 * Temperatures and clocks of the board, if the kernel reports them: a BPU that is too hot is slower, and nothing else shows the reason.
 * Files are read asynchronously, because some sensors take milliseconds.
 */
export class BoardHealth {
  #last: Reading | undefined;
  #reading = false;

  /** @param root the folder that contains sys/ */
  constructor(private readonly root = '/') {}

  /** The last values; starts the next reading. @returns undefined if the board reports nothing */
  status(node: string): DiagnosticStatus | undefined {
    if (!this.#reading) {
      this.#reading = true;
      void this.read().finally(() => (this.#reading = false));
    }
    const reading = this.#last;
    if (!reading || Object.keys(reading.values).length === 0) return undefined;
    const { values, troubles } = reading;
    return {
      level: troubles.length > 0 ? 'warn' : 'ok',
      name: `${node}: board`,
      message: troubles.length > 0 ? troubles.join('; ') : 'cool and at full clock',
      hardwareId: 'board',
      values,
    };
  }

  /** Never rejects: unreadable values are left out. */
  async read(): Promise<void> {
    const reading: Reading = { values: {}, troubles: [] };
    for (const zone of await this.#list(THERMAL, 'thermal_zone')) await this.#zone(zone, reading);
    for (const device of await this.#list(THERMAL, 'cooling_device')) await this.#cooling(device, reading);
    for (const policy of await this.#list(CPUFREQ, 'policy')) await this.#policy(policy, reading);
    for (const device of await this.#list(DEVFREQ, '')) await this.#device(device, reading);
    this.#last = reading;
  }

  async #zone(zone: string, { values, troubles }: Reading): Promise<void> {
    const [type, millidegrees] = [await this.#text(zone, 'type'), await this.#number(zone, 'temp')];
    if (type === undefined || millidegrees === undefined) return;
    const degrees = millidegrees / 1000;
    // Two zones may have the same name.
    const key = `temperature_${type}_c`;
    values[key in values ? `temperature_${type}_${zone.replace(/\D/g, '')}_c` : key] = degrees.toFixed(1);
    for (let trip = 0; ; trip++) {
      const kind = await this.#text(zone, `trip_point_${trip}_type`);
      if (kind === undefined) return;
      const limit = await this.#number(zone, `trip_point_${trip}_temp`);
      if (kind === 'critical' && limit !== undefined && degrees >= limit / 1000 - CLOSE) {
        troubles.push(`${type} is at ${degrees.toFixed(1)} °C, the board ends at ${limit / 1000} °C`);
      }
    }
  }

  /** The kernel throttles something while the state of its cooling device is not 0. A fan is a cooling device, too. */
  async #cooling(device: string, { values, troubles }: Reading): Promise<void> {
    const [type, state] = [await this.#text(device, 'type'), await this.#number(device, 'cur_state')];
    if (type === undefined || state === undefined || !/cpufreq|devfreq/.test(type)) return;
    values[`throttling_${type}`] = String(state);
    if (state > 0) troubles.push(`Too hot: ${type} is slowed down by ${state} steps`);
  }

  /** Kilohertz. */
  async #policy(policy: string, { values, troubles }: Reading): Promise<void> {
    const name = `cpu${policy.replace(/.*\D/, '')}`;
    const now = await this.#number(policy, 'scaling_cur_freq');
    const allowed = await this.#number(policy, 'scaling_max_freq');
    const most = await this.#number(policy, 'cpuinfo_max_freq');
    if (now !== undefined) values[`${name}_mhz`] = (now / 1000).toFixed(0);
    if (allowed === undefined || most === undefined || allowed >= most) return;
    troubles.push(`${name} may run at ${(allowed / 1000).toFixed(0)} of ${(most / 1000).toFixed(0)} MHz`);
  }

  /** Hertz; the BPU and the memory of boards are such devices. */
  async #device(device: string, { values }: Reading): Promise<void> {
    const name = device.slice(device.lastIndexOf('/') + 1).replace(/^[0-9a-f]+\./, '');
    const now = await this.#number(device, 'cur_freq');
    const most = await this.#number(device, 'max_freq');
    if (now === undefined) return;
    values[`${name}_mhz`] = (now / 1e6).toFixed(0);
    if (most !== undefined) values[`${name}_max_mhz`] = (most / 1e6).toFixed(0);
  }

  async #list(folder: string, prefix: string): Promise<string[]> {
    try {
      const names = await readdir(join(this.root, folder));
      return names
        .filter((name) => name.startsWith(prefix))
        .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
        .map((name) => join(folder, name));
    } catch {
      return [];
    }
  }

  async #text(folder: string, file: string): Promise<string | undefined> {
    try {
      return (await readFile(join(this.root, folder, file), 'utf8')).trim();
    } catch {
      return undefined; // missing, or a sensor in standby
    }
  }

  async #number(folder: string, file: string): Promise<number | undefined> {
    const text = await this.#text(folder, file);
    return text !== undefined && /^-?\d+$/.test(text) ? Number(text) : undefined;
  }
}
