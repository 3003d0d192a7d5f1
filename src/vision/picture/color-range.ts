/**
 * The meaning of 8-bit luma and chroma codes, with the matrix of ITU-R BT.601:
 *
 * - `full`: black 0, white 255, chroma 0 to 255 (JFIF, "PC range", ffmpeg's `pc`)
 * - `limited`: black 16, white 235, chroma 16 to 240 ("TV range", "video range", ffmpeg's `tv`)
 */
export type ColorRange = 'full' | 'limited';

export const COLOR_RANGES: readonly ColorRange[] = ['full', 'limited'];

/**
 * The default range of a frame: full.
 *
 * The BPU determines this: the D-Robotics toolchain treats an NV12 input as full-range BT.601 (a training type of
 * `yuv_bt601_video_range` must be requested explicitly) and compiles R = Y + 1.402 (V - 128) and so on into the
 * model. So frames are full range everywhere in this program, and both engines get the same colors.
 * The usual sources, MIPI cameras (the ISP) and JPEG or MJPEG decoders, produce full range.
 *
 * H.264 and H.265 video usually has limited range: it is converted when a file is read (ffmpeg's
 * `scale=out_range=full`). Read as full range by mistake, it loses contrast: black becomes 0.06, white 0.92.
 */
export const DEFAULT_COLOR_RANGE: ColorRange = 'full';
