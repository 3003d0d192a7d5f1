const CAMERA = /^\/dev\/(video\d+|v4l\/.+)$/;
const STREAM = /^(rtsps?|https?):\/\//i;
const RTSP = /^rtsps?:\/\//i;

/** Whether an input is a camera of this machine (`/dev/video0`). */
export function isCamera(name: string): boolean {
  return CAMERA.test(name);
}

/** Whether an input is an RTSP stream, which a camera sends. */
export function isRtsp(name: string): boolean {
  return RTSP.test(name);
}

/** Whether an input is a camera (`/dev/video0`) or a stream (`rtsp://`, `http://`). */
export function isLiveInput(name: string): boolean {
  return CAMERA.test(name) || STREAM.test(name);
}
