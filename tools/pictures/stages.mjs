#!/usr/bin/env node
// Draws the stages of a frame in docs/performance.md from the figures of a bench of the node:
//
//     npm run bench -- node --json now.json     (with a workspace sourced)
//     node tools/pictures/stages.mjs now.json docs/images/stages.svg ["hbm1080p by native, rmw_fastrtps_cpp"]
import { readFileSync, writeFileSync } from 'node:fs';

const [report, out, name = 'hbm1080p by native, rmw_fastrtps_cpp'] = process.argv.slice(2);
if (!report || !out) {
  console.error(
    'Expected the JSON file of a bench and the name of the picture, such as now.json docs/images/stages.svg.',
  );
  process.exit(2);
}
const { figures } = JSON.parse(readFileSync(report, 'utf8'));
const figure = figures.find((one) => one.bench === 'node' && one.name.startsWith(`${name};`));
if (!figure) {
  const names = figures.filter((one) => one.bench === 'node').map((one) => one.name.split(';')[0]);
  console.error(
    `Expected figures of "${name}" in ${report}, but it has ${names.join(', ') || 'none of the node'}.`,
  );
  process.exit(1);
}
const { values, times } = figure;
const handOver = Math.max(0, times.median - values['decode ms'] - values['publish ms']);
const stages = [
  ['letterbox', values['letterbox ms'], '#4c9f70'],
  ['network: emulated BPU, 5.7 of it busy', values['network ms'], '#3b6ea5'],
  ['decode with masks', values['decode ms'], '#d98e04'],
  ['publish three topics', values['publish ms'], '#b5475d'],
  ['hand-over', handOver, '#777777'],
];
const [left, width, top, height] = [20, 820, 40, 44];
const whole = stages.reduce((sum, [, ms]) => sum + ms, 0);

let x = left;
const bars = stages.map(([, ms, color]) => {
  const wide = (width * ms) / whole;
  x += wide;
  return `<rect x="${(x - wide).toFixed(1)}" y="${top}" width="${wide.toFixed(1)}" height="${height}" fill="${color}"/>`;
});
const legend = stages.map(([text, ms, color], i) => {
  const [column, y] = [left + (i % 2) * 420, 97 + 20 * Math.floor(i / 2)];
  return (
    `<rect x="${column}" y="${y}" width="12" height="12" fill="${color}"/>` +
    `<text x="${column + 18}" y="${y + 11}" fill="#222">${text}: ${ms.toFixed(2)} ms</text>`
  );
});
const [message, middleware] = name.split(', ');
writeFileSync(
  out,
  `<svg xmlns="http://www.w3.org/2000/svg" width="860" height="170" viewBox="0 0 860 170" font-family="sans-serif" font-size="13">
<rect width="100%" height="100%" fill="#ffffff"/>
<text x="20" y="24" font-size="15" fill="#222">One 1080p frame through the node, ${whole.toFixed(1)} ms (${message}, ${middleware}, medians)</text>
${bars.join('\n')}
${legend.join('\n')}
</svg>
`,
);
