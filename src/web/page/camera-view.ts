import type { LivePictureSize } from '../protocol/frame-format.js';
import type { FrameInstance, LiveFrameMessage } from '../protocol/frame-reader.js';
import { make, say } from './dom.js';
import { listenToGestures } from './gestures.js';
import { paintFrame, pathOf, placeOf } from './painter.js';
import { text } from './texts.js';
import { moved, showing, type Viewport, WHOLE, zoomed } from './viewport.js';
import { zoneText } from './zones.js';

/** How far buttons and keys zoom, and by what share of the visible part an arrow key moves. */
const ZOOM_STEP = 1.5;
const MOVE_STEP = 0.2;

/** What a camera's view needs from the rest of the page. */
export interface CameraContext {
  labels(): readonly string[];
  palette(): readonly number[];
  /** The user chose another size of pictures. */
  sizeChanged(): void;
  record(camera: number): void;
  /** Says something to users of screen readers. */
  announce(words: string): void;
}

/** One camera: its picture with outlines, and what can be done with it. */
export class CameraView {
  readonly element: HTMLElement;
  readonly #canvas: HTMLCanvasElement;
  readonly #context: CanvasRenderingContext2D;
  readonly #title = make('h2');
  readonly #count = make('p', { class: 'count' });
  readonly #tip = make('dl', { class: 'tip', hidden: true });
  readonly #zones = make('ul', { class: 'zones', hidden: true });
  readonly #zoomIn: HTMLButtonElement;
  readonly #zoomOut: HTMLButtonElement;
  readonly #full: HTMLButtonElement;
  readonly #fullscreen: HTMLButtonElement;
  readonly #snapshot: HTMLButtonElement;
  readonly record: HTMLButtonElement;
  #frame: LiveFrameMessage | undefined;
  #picture: ImageBitmap | undefined;
  /** Frames received, and the newest that is drawn. */
  #came = 0;
  #drawn = 0;
  /** The object pointed at: its index in the frame, and its looks, to find it again in the next. */
  #chosen = -1;
  /** Where the user points, as shares of the canvas. */
  #pointer: { readonly x: number; readonly y: number } | undefined;
  #view: Viewport = WHOLE;

  constructor(
    readonly camera: number,
    readonly name: string,
    private readonly page: CameraContext,
  ) {
    this.#canvas = make('canvas', { tabindex: 0, role: 'img', 'data-frames': 0, 'data-zoom': 1 });
    this.#context = this.#canvas.getContext('2d')!;
    const button = (
      act: () => void,
      attributes: Record<string, string | boolean> = {},
    ): HTMLButtonElement => {
      const made = make('button', { type: 'button', ...attributes });
      made.addEventListener('click', act);
      return made;
    };
    this.#zoomOut = button(() => this.#zoom(1 / ZOOM_STEP), { class: 'zoom-out', disabled: true });
    this.#zoomIn = button(() => this.#zoom(ZOOM_STEP), { class: 'zoom-in' });
    this.#full = button(() => this.#toggleFull(), { 'aria-pressed': 'false', class: 'full' });
    this.#snapshot = button(() => this.#save(), { class: 'snapshot' });
    this.record = button(() => page.record(camera), { class: 'record' });
    this.#fullscreen = button(() => this.#toggleFullscreen(), { class: 'fullscreen' });
    const tools = make(
      'div',
      { class: 'tools' },
      ...[this.#zoomOut, this.#zoomIn, this.#full, this.#snapshot, this.record, this.#fullscreen],
    );
    const head = make('div', { class: 'head' }, this.#title, this.#count, tools);
    const stage = make('div', { class: 'stage' }, this.#canvas, this.#tip);
    const labels = { class: 'camera', 'aria-labelledby': `camera-${camera}` };
    this.element = make('section', labels, head, stage, this.#zones);
    this.#title.id = `camera-${camera}`;
    this.#listen();
    this.translate();
  }

  get size(): LivePictureSize {
    return this.#full.getAttribute('aria-pressed') === 'true' ? 'full' : 'small';
  }

  translate(): void {
    say(this.#title, this.name);
    this.#canvas.setAttribute('aria-label', text('picture', this.name));
    this.#zones.setAttribute('aria-label', text('zones', this.name));
    for (const [button, sign, name] of [
      [this.#zoomOut, '−', 'zoomOut'],
      [this.#zoomIn, '+', 'zoomIn'],
    ] as const) {
      say(button, sign);
      button.setAttribute('aria-label', text(name));
      button.title = text(name);
    }
    say(this.#full, text('full'));
    say(this.#snapshot, text('snapshot'));
    say(this.#fullscreen, text('fullscreen'));
    this.#sayCount();
    this.draw();
  }

  /** Draws a frame; resolves when it is drawn. */
  async show(frame: LiveFrameMessage): Promise<void> {
    const turn = ++this.#came;
    if (frame.picture.length > 0) {
      const picture = await createImageBitmap(new Blob([frame.picture.slice()], { type: 'image/jpeg' }));
      // A later frame was decoded first.
      if (turn < this.#drawn) return picture.close();
      this.#picture?.close();
      this.#picture = picture;
    }
    this.#drawn = turn;
    const former = this.#frame?.instances[this.#chosen];
    this.#frame = frame;
    if (this.#pointer) this.#chosen = this.#at(this.#pointer);
    else this.#chosen = former ? nearest(former, frame.instances) : -1;
    const { width, height } = frame;
    this.#canvas.style.aspectRatio = `${width} / ${height}`;
    this.#fit();
    this.draw();
    this.#sayCount();
    this.#canvas.dataset['frames'] = String(Number(this.#canvas.dataset['frames']) + 1);
    this.#canvas.dataset['sequence'] = String(frame.sequence);
    this.#canvas.dataset['objects'] = String(frame.instances.length);
  }

  draw(): void {
    if (!this.#frame) return;
    paintFrame(this.#context, this.#frame, this.#picture, {
      labels: this.page.labels(),
      palette: this.page.palette(),
      chosen: this.#chosen,
      density: devicePixelRatio,
      view: this.#view,
    });
    this.#showTip();
  }

  #listen(): void {
    const canvas = this.#canvas;
    new ResizeObserver(() => {
      if (this.#fit()) this.draw();
    }).observe(canvas);
    listenToGestures(canvas, {
      point: (x, y) => {
        this.#pointer = { x, y };
        if (this.#frame) this.#choose(this.#at(this.#pointer));
      },
      leave: () => {
        this.#pointer = undefined;
        this.#choose(-1);
      },
      zoom: (factor, x, y) => this.#look(zoomed(this.#view, factor, x, y)),
      move: (x, y) => void this.#look(moved(this.#view, -x, -y)),
    });
    canvas.addEventListener('keydown', (event) => {
      const count = this.#frame?.instances.length ?? 0;
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      const zoom = { '+': ZOOM_STEP, '=': ZOOM_STEP, '-': 1 / ZOOM_STEP, '0': 0 }[event.key];
      if (event.ctrlKey || event.metaKey || event.altKey) return; // the browser's own
      if (zoom !== undefined) {
        event.preventDefault();
        this.#zoom(zoom);
      } else if (step !== undefined && event.shiftKey) {
        event.preventDefault();
        const across = event.key === 'ArrowRight' || event.key === 'ArrowLeft';
        const way = step * MOVE_STEP;
        this.#look(moved(this.#view, across ? way : 0, across ? 0 : way));
      } else if (step !== undefined && count > 0) {
        event.preventDefault();
        this.#pointer = undefined;
        const from = this.#chosen < 0 && step < 0 ? 0 : this.#chosen;
        const chosen = (from + step + count) % count;
        this.#bringIntoView(this.#frame!.instances[chosen]!);
        this.#choose(chosen);
        this.page.announce(
          this.#facts()
            .map(([name, value]) => `${name}: ${value}`)
            .join(', '),
        );
      } else if (event.key === 'Escape') {
        this.#pointer = undefined;
        this.#choose(-1);
      }
    });
  }

  /** Gives the canvas as many pixels as it covers on the screen. @returns whether their number changed */
  #fit(): boolean {
    const canvas = this.#canvas;
    const width = Math.max(1, Math.round(canvas.clientWidth * devicePixelRatio));
    const height = Math.max(1, Math.round(canvas.clientHeight * devicePixelRatio));
    if (canvas.width === width && canvas.height === height) return false;
    canvas.width = width;
    canvas.height = height;
    return true;
  }

  /** Zooms around the middle; 0 shows the whole picture. */
  #zoom(factor: number): void {
    this.#look(factor === 0 ? WHOLE : zoomed(this.#view, factor, 0.5, 0.5));
    this.page.announce(text('zoomed', Math.round(100 * this.#view.scale)));
  }

  /** Shows another part of the picture. @returns whether the view changed */
  #look(view: Viewport): boolean {
    const { scale, x, y } = this.#view;
    if (view.scale === scale && view.x === x && view.y === y) return false;
    this.#view = view;
    this.#canvas.dataset['zoom'] = view.scale.toFixed(2);
    this.#zoomOut.disabled = view.scale === 1;
    // Fingers scroll the page, unless only a part of the picture is seen, which they move.
    this.#canvas.classList.toggle('zoomed', view.scale > 1);
    if (this.#pointer && this.#frame) this.#chosen = this.#at(this.#pointer);
    this.draw();
    return true;
  }

  #bringIntoView({ x1, y1, x2, y2 }: FrameInstance): void {
    const { width, height } = this.#frame!;
    this.#look(showing(this.#view, (x1 + x2) / 2 / width, (y1 + y2) / 2 / height));
  }

  /** The object at a point of the canvas: the one whose mask is there, else the one with the smallest box; -1 if there is none. */
  #at(place: { readonly x: number; readonly y: number }): number {
    const { instances, scaleX, scaleY, width, height } = this.#frame!;
    const view = this.#view;
    const x = (view.x + place.x / view.scale) * width;
    const y = (view.y + place.y / view.scale) * height;
    let found = -1;
    for (let i = 0; i < instances.length; i++) {
      const instance = instances[i]!;
      const { x1, y1, x2, y2, contours } = instance;
      if (x < x1 || y < y1 || x > x2 || y > y2) continue;
      if (
        contours.length > 0 &&
        this.#context.isPointInPath(pathOf(instance, scaleX, scaleY), x, y, 'evenodd')
      )
        return i;
      if (found < 0 || boxArea(instance) < boxArea(instances[found]!)) found = i;
    }
    return found;
  }

  #choose(chosen: number): void {
    if (chosen === this.#chosen) return;
    this.#chosen = chosen;
    this.draw();
  }

  #facts(): [name: string, value: string][] {
    const instance = this.#frame?.instances[this.#chosen];
    if (!instance) return [];
    const { classId, score, trackId, x1, y1, x2, y2, area, distance } = instance;
    const facts: [string, string][] = [
      [text('class'), this.page.labels()[classId] ?? String(classId)],
      [text('scoreOf'), score.toFixed(3)],
    ];
    if (trackId > 0) facts.push([text('id'), String(trackId)]);
    facts.push([text('size'), `${Math.round(x2 - x1)} × ${Math.round(y2 - y1)} px`]);
    if (area > 0) facts.push([text('area'), `${Math.round(area)} px²`]);
    if (!Number.isNaN(distance)) facts.push([text('distance'), `${distance.toFixed(2)} m`]);
    return facts;
  }

  #showTip(): void {
    const instance = this.#frame?.instances[this.#chosen];
    this.#tip.hidden = !instance;
    if (!instance) return;
    this.#tip.replaceChildren(
      ...this.#facts().flatMap(([name, value]) => [make('dt', { text: name }), make('dd', { text: value })]),
    );
    const { clientWidth, clientHeight, offsetLeft, offsetTop } = this.#canvas;
    const place = placeOf(this.#frame!, { width: clientWidth, height: clientHeight }, this.#view);
    const from = Math.max(0, instance.x1 * place.scaleX + place.left);
    const to = Math.min(clientWidth, instance.x2 * place.scaleX + place.left);
    const top = instance.y1 * place.scaleY + place.top;
    const { offsetWidth, offsetHeight } = this.#tip;
    const beside = to + 8 + offsetWidth <= clientWidth ? to + 8 : from - 8 - offsetWidth;
    this.#tip.style.left = `${offsetLeft + Math.max(0, Math.min(beside, clientWidth - offsetWidth))}px`;
    this.#tip.style.top = `${offsetTop + Math.max(0, Math.min(top, clientHeight - offsetHeight))}px`;
  }

  #sayCount(): void {
    const count = this.#frame?.instances.length;
    say(
      this.#count,
      count === undefined ? text('noFrame') : count === 1 ? text('object') : text('objects', count),
    );
    const zones = this.#frame?.zones ?? [];
    this.#zones.hidden = zones.length === 0;
    while (this.#zones.children.length > zones.length) this.#zones.lastElementChild!.remove();
    for (const [i, zone] of zones.entries()) {
      const item = this.#zones.children[i] ?? this.#zones.appendChild(make('li'));
      say(item as HTMLElement, zoneText(zone));
    }
  }

  #toggleFull(): void {
    this.#full.setAttribute('aria-pressed', String(this.size === 'small'));
    this.page.sizeChanged();
  }

  #toggleFullscreen(): void {
    if (document.fullscreenElement) void document.exitFullscreen();
    else void this.element.requestFullscreen?.();
  }

  /** Saves the picture with its outlines, in the size in which it came. */
  #save(): void {
    const frame = this.#frame;
    if (!frame) return;
    const canvas = make('canvas');
    canvas.width = this.#picture?.width ?? frame.width;
    canvas.height = this.#picture?.height ?? frame.height;
    paintFrame(canvas.getContext('2d')!, frame, this.#picture, {
      labels: this.page.labels(),
      palette: this.page.palette(),
      chosen: -1,
      density: Math.max(1, canvas.width / 1280),
    });
    canvas.toBlob((file) => {
      if (!file) return;
      const address = URL.createObjectURL(file);
      const stamp = `${frame.sec}.${String(frame.nanosec).padStart(9, '0')}`;
      make('a', { href: address, download: `${this.name.replace(/[^\w.-]+/g, '_')}_${stamp}.png` }).click();
      setTimeout(() => URL.revokeObjectURL(address), 10_000);
    }, 'image/png');
  }
}

function boxArea({ x1, y1, x2, y2 }: FrameInstance): number {
  return (x2 - x1) * (y2 - y1);
}

/** Finds a chosen object in the next frame: by its id, else the nearest of its class. */
function nearest(former: FrameInstance, instances: readonly FrameInstance[]): number {
  if (former.trackId > 0) return instances.findIndex(({ trackId }) => trackId === former.trackId);
  let best = -1;
  let least = Math.hypot(former.x2 - former.x1, former.y2 - former.y1) / 2;
  for (let i = 0; i < instances.length; i++) {
    const { classId, x1, y1, x2, y2 } = instances[i]!;
    if (classId !== former.classId) continue;
    const distance = Math.hypot(x1 + x2 - former.x1 - former.x2, y1 + y2 - former.y1 - former.y2) / 2;
    if (distance >= least) continue;
    least = distance;
    best = i;
  }
  return best;
}
