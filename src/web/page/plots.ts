import type { CameraStats } from '../protocol/messages.js';
import { make, say } from './dom.js';
import { text, type TextName } from './texts.js';

/** Seconds that a plot shows. */
const SECONDS = 60;
const WIDTH = 240;
const HEIGHT = 64;
const SVG = 'http://www.w3.org/2000/svg';

interface Series {
  readonly name: TextName;
  readonly values: number[];
  readonly line: SVGPolylineElement;
  readonly label: HTMLElement;
}

/** A small plot of the last minute, with the current values as text. */
class Plot {
  readonly element: HTMLElement;
  readonly #title = make('h3');
  readonly #series: Series[];
  readonly #top = make('span', { class: 'top' });

  constructor(
    private readonly title: TextName,
    names: readonly TextName[],
    private readonly digits: number,
  ) {
    const svg = document.createElementNS(SVG, 'svg');
    svg.setAttribute('viewBox', `0 0 ${WIDTH} ${HEIGHT}`);
    svg.setAttribute('preserveAspectRatio', 'none');
    svg.setAttribute('aria-hidden', 'true');
    const legend = make('ul', { class: 'legend' });
    this.#series = names.map((name, index) => {
      const line = document.createElementNS(SVG, 'polyline');
      line.setAttribute('class', `series-${index}`);
      svg.append(line);
      const label = make('li', { class: `series-${index}` });
      legend.append(label);
      return { name, values: [], line, label };
    });
    this.element = make(
      'div',
      { class: 'plot' },
      this.#title,
      make('div', { class: 'graph' }, svg, this.#top),
      legend,
    );
  }

  add(values: readonly number[]): void {
    let most = 1;
    this.#series.forEach(({ values: kept }, index) => {
      kept.push(values[index] ?? 0);
      if (kept.length > SECONDS) kept.shift();
      most = Math.max(most, ...kept);
    });
    for (const { values: kept, line } of this.#series) {
      const points = kept.map((value, index) => {
        const x = WIDTH - ((kept.length - 1 - index) * WIDTH) / (SECONDS - 1);
        return `${x.toFixed(1)},${(HEIGHT - 1 - (value / most) * (HEIGHT - 4)).toFixed(1)}`;
      });
      line.setAttribute('points', points.join(' '));
    }
    say(this.#top, most.toFixed(most < 10 ? 1 : 0));
    this.translate();
  }

  translate(): void {
    say(this.#title, text(this.title));
    for (const { name, values, label } of this.#series)
      say(label, `${text(name)} ${(values.at(-1) ?? 0).toFixed(this.digits)}`);
  }
}

const STAGES = [
  'wait',
  'preprocess',
  'inference',
  'decode',
  'publish',
] as const satisfies readonly TextName[];

/** Rates and latencies of a camera. */
export class CameraPlots {
  readonly element: HTMLElement;
  readonly #title: HTMLElement;
  readonly #rates = new Plot('rates', ['received', 'answered', 'dropped'], 1);
  readonly #latency = new Plot('latency', STAGES, 1);
  #before: { readonly time: number; readonly stats: CameraStats } | undefined;

  constructor(name: string, several: boolean) {
    this.#title = make('h3', { text: name, class: 'name', hidden: !several });
    this.element = make('div', { class: 'plots' }, this.#title, this.#rates.element, this.#latency.element);
    this.translate();
  }

  /** @param time in milliseconds */
  add(time: number, stats: CameraStats): void {
    const before = this.#before;
    this.#before = { time, stats };
    if (!before || time <= before.time) return;
    const seconds = (time - before.time) / 1000;
    const rate = (key: 'received' | 'answered' | 'dropped'): number =>
      Math.max(0, (stats[key] - before.stats[key]) / seconds);
    this.#rates.add([rate('received'), rate('answered'), rate('dropped')]);
    this.#latency.add(STAGES.map((stage) => stats.stages[stage]?.[0] ?? 0));
  }

  translate(): void {
    this.#rates.translate();
    this.#latency.translate();
  }
}
