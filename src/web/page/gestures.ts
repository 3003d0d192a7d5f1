/** Gestures on a picture. Places and distances are shares of the canvas. */
export interface GestureHandlers {
  /** Points at a place, or taps it. */
  point(x: number, y: number): void;
  /** No longer points at anything. */
  leave(): void;
  /** @param factor above 1: larger @returns whether anything changed */
  zoom(factor: number, x: number, y: number): boolean;
  /** Drags the picture to the right and down. */
  move(x: number, y: number): void;
}

/** CSS pixels that a finger or the mouse may move during a tap. */
const TAP = 4;
/** Zoom of one notch of a wheel, which browsers report as about 100 pixels. */
const NOTCH = 1.25;
const LINE = 33;

/** Listens to wheel, mouse, pen and fingers on a canvas: the wheel and two fingers zoom; one finger, the pen or the primary button drags. */
export function listenToGestures(canvas: HTMLCanvasElement, handlers: GestureHandlers): void {
  /** Pointers that are down, with their latest places. */
  const down = new Map<number, { x: number; y: number }>();
  let travelled = 0;

  const share = ({ clientX, clientY }: MouseEvent): { x: number; y: number } => {
    const { left, top, width, height } = canvas.getBoundingClientRect();
    return { x: (clientX - left) / width, y: (clientY - top) / height };
  };
  const between = (): { x: number; y: number; apart: number } => {
    const [a, b] = [...down.values()] as [{ x: number; y: number }, { x: number; y: number }];
    const { clientWidth, clientHeight } = canvas;
    const apart = Math.hypot((a.x - b.x) * clientWidth, (a.y - b.y) * clientHeight);
    return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2, apart: Math.max(1, apart) };
  };

  canvas.addEventListener(
    'wheel',
    (event) => {
      const { x, y } = share(event);
      const pixels = event.deltaY * (event.deltaMode === WheelEvent.DOM_DELTA_LINE ? LINE : 1);
      // At the end of the zoom range, the page scrolls instead.
      if (handlers.zoom(NOTCH ** (-pixels / 100), x, y)) event.preventDefault();
    },
    { passive: false },
  );
  canvas.addEventListener('pointerdown', (event) => {
    // The release of the right button may go to the browser's menu.
    if (event.button !== 0) return;
    const place = share(event);
    if (down.size < 2) down.set(event.pointerId, place);
    travelled = down.size > 1 ? Infinity : 0;
    canvas.setPointerCapture(event.pointerId);
    if (event.pointerType === 'mouse') handlers.point(place.x, place.y);
  });
  canvas.addEventListener('pointermove', (event) => {
    const place = share(event);
    const former = down.get(event.pointerId);
    if (!former) {
      if (down.size === 0) handlers.point(place.x, place.y);
      return;
    }
    const before = down.size === 2 ? between() : undefined;
    down.set(event.pointerId, place);
    if (before) {
      const now = between();
      handlers.zoom(now.apart / before.apart, now.x, now.y);
      handlers.move(now.x - before.x, now.y - before.y);
      return;
    }
    const [dx, dy] = [place.x - former.x, place.y - former.y];
    travelled += Math.hypot(dx * canvas.clientWidth, dy * canvas.clientHeight);
    if (travelled > TAP) handlers.move(dx, dy);
  });
  canvas.addEventListener('pointerup', (event) => {
    const place = share(event);
    if (down.delete(event.pointerId) && travelled <= TAP && event.pointerType !== 'mouse')
      handlers.point(place.x, place.y);
  });
  // Also follows each release, and is all that is reported if a dialog takes the release.
  canvas.addEventListener('lostpointercapture', (event) => down.delete(event.pointerId));
  canvas.addEventListener('pointerleave', (event) => {
    // A tapped object stays chosen.
    if (event.pointerType !== 'touch') handlers.leave();
  });
}
