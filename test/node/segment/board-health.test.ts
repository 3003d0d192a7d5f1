import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach, describe, it } from 'mocha';
import { BoardHealth } from '../../../src/node/segment/board-health.js';
import { temporaryFolder } from '../../temporary-folder.js';

describe('BoardHealth', () => {
  const folder = temporaryFolder('board');
  let count = 0;
  let root: string;

  beforeEach(() => {
    root = join(folder, String(count++));
  });

  /** Files of a board, as the kernel has them. */
  function board(files: Record<string, string | number>): void {
    for (const [path, content] of Object.entries(files)) {
      const file = join(root, 'sys', path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, `${content}\n`);
    }
  }

  async function status(): Promise<ReturnType<BoardHealth['status']>> {
    const health = new BoardHealth(root);
    assert.equal(health.status('segment'), undefined, 'nothing has been read yet');
    await health.read();
    return health.status('segment');
  }

  const COOL = {
    'class/thermal/thermal_zone0/type': 'cpu-thermal',
    'class/thermal/thermal_zone0/temp': 51_234,
    'class/thermal/thermal_zone0/trip_point_0_type': 'passive',
    'class/thermal/thermal_zone0/trip_point_0_temp': 85_000,
    'class/thermal/thermal_zone0/trip_point_1_type': 'critical',
    'class/thermal/thermal_zone0/trip_point_1_temp': 105_000,
    'class/thermal/thermal_zone10/type': 'bpu-thermal',
    'class/thermal/thermal_zone10/temp': 60_500,
    'class/thermal/cooling_device0/type': 'thermal-cpufreq-0',
    'class/thermal/cooling_device0/cur_state': 0,
    'class/thermal/cooling_device1/type': 'pwm-fan',
    'class/thermal/cooling_device1/cur_state': 3,
    'devices/system/cpu/cpufreq/policy0/scaling_cur_freq': 1_200_000,
    'devices/system/cpu/cpufreq/policy0/scaling_max_freq': 1_500_000,
    'devices/system/cpu/cpufreq/policy0/cpuinfo_max_freq': 1_500_000,
    'class/devfreq/3a000000.bpu/cur_freq': 1_000_000_000,
    'class/devfreq/3a000000.bpu/max_freq': 1_000_000_000,
  };

  it('reports temperatures and clocks', async () => {
    board(COOL);
    const { level, name, message, values } = (await status())!;
    assert.deepEqual([level, name, message], ['ok', 'segment: board', 'cool and at full clock']);
    assert.deepEqual(values, {
      'temperature_cpu-thermal_c': '51.2',
      'temperature_bpu-thermal_c': '60.5',
      'throttling_thermal-cpufreq-0': '0',
      cpu0_mhz: '1200',
      bpu_mhz: '1000',
      bpu_max_mhz: '1000',
    });
  });

  it('warns of thermal throttling, and before a thermal shutdown', async () => {
    board({
      ...COOL,
      'class/thermal/thermal_zone0/temp': 100_000,
      'class/thermal/cooling_device0/cur_state': 2,
      'devices/system/cpu/cpufreq/policy0/scaling_max_freq': 1_000_000,
    });
    const { level, message } = (await status())!;
    assert.equal(level, 'warn');
    assert.equal(
      message,
      'cpu-thermal is at 100.0 °C, the board ends at 105 °C; Too hot: thermal-cpufreq-0 is slowed down by 2 steps; ' +
        'cpu0 may run at 1000 of 1500 MHz',
    );
  });

  it('leaves out values that cannot be read, and has no status without any', async () => {
    assert.equal(await status(), undefined);
    board({
      'class/thermal/thermal_zone0/type': 'cpu',
      'class/thermal/thermal_zone0/temp': 'asleep',
      'class/thermal/thermal_zone1/type': 'cpu',
      'class/thermal/thermal_zone1/temp': -5000,
      'class/thermal/thermal_zone2/type': 'cpu',
      'class/thermal/thermal_zone2/temp': 5000,
      'class/devfreq/ddr/governor': 'none',
    });
    assert.deepEqual((await status())!.values, { temperature_cpu_c: '-5.0', temperature_cpu_2_c: '5.0' });
  });
});
