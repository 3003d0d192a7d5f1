import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { cocoPolygonMask } from '../../../src/vision/mask/coco-polygon.js';
import { RleEncoder } from '../../../src/vision/mask/rle.js';

describe('masks of COCO polygons', () => {
  const encoder = new RleEncoder();
  const counts = (polygons: number[][], width: number, height: number): string =>
    encoder.encode(cocoPolygonMask(polygons, width, height), width, height).counts;

  it('are those of pycocotools', () => {
    // mask.frPyObjects(polygons, height, width), merged, by pycocotools 2.0.11.
    for (const { polygons, size, expected } of CASES) {
      assert.equal(counts(polygons, size[0]!, size[1]!), expected, JSON.stringify(polygons));
    }
  });

  it('are empty without an area', () => {
    for (const polygon of [[], [3, 3], [1, 1, 5, 5], [-9, -9, -5, -9, -5, -5]]) {
      assert.equal(cocoPolygonMask([polygon], 8, 8).width, 0);
    }
    assert.equal(cocoPolygonMask([], 8, 8).width, 0);
  });
});

const CASES: { polygons: number[][]; size: number[]; expected: string }[] = [
  { polygons: [[0, 0, 4, 0, 4, 3, 0, 3]], size: [8, 8], expected: '03500000P1' },
  { polygons: [[2.5, 1.5, 13.4, 2.2, 9.9, 11.7]], size: [16, 12], expected: 'V11;1O1O2N1O2N1OO1M3NT1' },
  {
    polygons: [
      [1, 1, 6, 1, 6, 6, 1, 6],
      [4, 4, 9, 4, 9, 9, 4, 9],
    ],
    size: [12, 10],
    expected: ';5500003M03M0000j0',
  },
  { polygons: [[-3, 2, 5, -4, 20, 5, 6, 14]], size: [16, 12], expected: '0662N1O1OY2OgM2O0O2N10N' },
  { polygons: [[3, 3, 3, 3, 9, 3, 9, 9, 9, 9, 3, 9]], size: [12, 12], expected: 'W166000000000Q1' },
  { polygons: [[1, 1, 10, 10, 10, 1, 1, 10]], size: [12, 12], expected: '=85N2N2N=0C2N2N2f0' },
  {
    polygons: [
      [12.43, 34.84, 22.4, 2.0, -1.49, 49.09, 8.11, 12.29],
      [
        16.34, 49.02, 16.58, 36.98, 3.87, 36.73, 31.85, 29.91, 26.91, 38.96, 0.5, 44.25, 21.05, 16.38, -0.79,
        50.8,
      ],
    ],
    size: [35, 57],
    expected:
      'Z143NY14gNNU16jNJS1`0MGoN0m07TOEh08YOC15b0:]O@N046`09^OD33d02ZOL13j0JVO0M036j0OUOK16h04TOF45g04WOH24e03\\OIN5d01AJK5b0O[OJ:2IOf04YOK87?MH36K_ON769K25LJ67f00000O10O10O1N2N1OX6',
  },
  {
    polygons: [
      [36.56, 55.11, 19.33, 47.66, 22.01, 56.01, 45.46, 4.04, 5.34, 11.45, 50.14, 25.04],
      [
        44.18, 24.11, 43.01, 33.59, 26.84, 23.27, 10.55, 18.88, 47.45, -0.22, 13.1, 35.56, 35.56, 41.31,
        15.63, 31.59,
      ],
    ],
    size: [50, 58],
    expected:
      'W;1i100001N100^NN\\13cNM]13bNO<Na03SOO;Ob02RO0;Ob03RON:1d07\\OIc07[OEI3l08ZOFJ2l08YOFM1704;FEO16228HF1O6308HG2N612;DF6Nd0b0\\O^O2O6=BG7LO379EF6NL596FG6NG9<1IG4;3NJF2=4MJE1a03L26NJO:0FM=3DK>4BJ`05a01oNI?9_OJ>7AK<8BJ<7BM;5CM;4A^O0`0=4B1:1F08j0N2N3LZO',
  },
  {
    polygons: [
      [
        37.33, 35.98, 57.28, 14.03, 5.47, 26.92, 36.33, 27.01, 18.64, 2.0, 51.83, -0.79, 23.63, 22.91, 5.14,
        34.3,
      ],
    ],
    size: [56, 56],
    expected:
      'R=161Y1OfN2Z1NfN2Z1NeN3Z1NeN3[1MeN3[1MdN4\\1LdN4[1MdN4\\14000GdN6f0IM1^O6e0KKO@6e0LJMB7d0MILC7d0OFJG7c00J053CFL7a04AFN6a05@D08?6^OC37?7\\OC56?7]OB47?6FJ:5@C18?5@EO6a04AGM5b03AKK2d02B6>IC7<IE6<JC6>IC5?JB5?JB5?JA6`0IA6`0J@5a0J@5a0J_O6b0I_O6b0I_O5S1O001O1O1O00C',
  },
  {
    polygons: [
      [6.6, 40.28, 23.5, 22.26, 23.96, 12.86, 0.0, 26.79, -1.18, 7.47, 8.61, 27.3, 2.06, 0.04],
      [
        6.84, 15.29, 1.6, 39.36, 7.8, 39.75, 8.04, 39.61, 15.71, 2.92, 23.29, 36.95, 5.05, 28.45, 16.61,
        42.95, 9.37, 10.4,
      ],
    ],
    size: [22, 44],
    expected: ':`0o0MEEG8OJ13I1129OEIO<`0<2NN2N0105K6KN4J5J6JNMWO3h00UO4f0=MO001NE_OM3',
  },
  {
    polygons: [[31.9, 56.26, 11.54, 20.21, 23.34, 5.86]],
    size: [39, 55],
    expected: 'We03c12N3L4M3M3M2M4M3M3M2N34L4L4K5L4L3M4K5LZ:',
  },
  {
    polygons: [[20.59, 56.71, 36.97, 15.85, 29.33, 35.72, 59.11, -0.64, 21.63, 38.19, 17.11, 36.49]],
    size: [60, 60],
    expected:
      'PQ12k15J6K5JN1O1N2O1N2O1N2O1N\\NMd12\\NNe10[N2f11MM]N4e10KLcN3c1000000O100000000O100000O0100000000O10000000h3',
  },
  {
    polygons: [[24.53, 37.66, 7.24, 35.0, 1.67, 36.21, 32.0, 30.14, 2.6, 21.5]],
    size: [31, 43],
    expected:
      'R61Z110O01O100O0oNNi03VONi03VOMk02UONk03TOMl04ROMo03POMP13PONo071KPOMP12ROMn03ROMn03SOLn0350nNMl028O000000>',
  },
  {
    polygons: [[25.8, 23.33, 1.98, 21.43, 36.92, 24.32, 7.2, 29.58]],
    size: [37, 35],
    expected: 'b81W30kM000O01000O10000O01000O10000O0101O0000000O10000000;',
  },
];
