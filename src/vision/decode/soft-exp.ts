const LN2_HIGH = 6.9314718036912381649e-1;
const LN2_LOW = 1.90821492927058770002e-10;
const INVERSE_LN2 = 1.442695040888963387;
const P1 = 1.66666666666666019037e-1;
const P2 = -2.77777777770155933842e-3;
const P3 = 6.61375632143793436117e-5;
const P4 = -1.6533902205465251539e-6;
const P5 = 4.13813679705723846039e-8;
/** 0x1.62e43p-2, a little below half of ln 2. */
const HALF_LN2 = 0.3465735912322998;
const TINY = 2 ** -28;
/** Below this, e^x is negligible compared with 1. */
const LEAST = -700;

const power = new Float64Array(1);
const powerWords = new Int32Array(power.buffer);

/**
 * e^x for x of 0 or less, the same bits on every machine and in native/decode/boxes.cc; 0 below -700.
 *
 * The algorithm is fdlibm's (Sun Microsystems, freely granted), as in V8's Math.exp. But V8's is compiled, and on arm64 the
 * compiler may fuse products with sums, which changes the last bit.
 *
 * @example softExp(-1) // 0.36787944117144233
 */
export function softExp(x: number): number {
  if (x !== x) return x;
  if (x < LEAST) return 0;
  if (x > -TINY) return 1 + x;
  const k = x > -HALF_LN2 ? 0 : Math.trunc(INVERSE_LN2 * x - 0.5);
  const high = x - k * LN2_HIGH;
  const low = k * LN2_LOW;
  const reduced = high - low;
  const t = reduced * reduced;
  const c = reduced - t * (P1 + t * (P2 + t * (P3 + t * (P4 + t * P5))));
  if (k === 0) return 1 - ((reduced * c) / (c - 2) - reduced);
  const y = 1 - (low - (reduced * c) / (2 - c) - high);
  powerWords[1] = (1023 + k) << 20;
  return y * power[0]!;
}
