/**
 * What 8-bit luma and chroma codes mean, with the matrix of ITU-R BT.601:
 *
 * - `full`: black 0, white 255, chroma 0 to 255 (JFIF, "PC range", ffmpeg's `pc`)
 * - `limited`: black 16, white 235, chroma 16 to 240 ("TV range", "video range", ffmpeg's `tv`)
 */
export type ColorRange = 'full' | 'limited';

export const COLOR_RANGES: readonly ColorRange[] = ['full', 'limited'];

/**
 * The range a frame has unless somebody says otherwise: full.
 *
 * The BPU leaves no choice: the D-Robotics toolchain takes an NV12 input as full-range BT.601 (a training type of
 * `yuv_bt601_video_range` has to be asked for by name) and compiles R = Y + 1.402 (V - 128) and so on into the
 * model. So frames are full range everywhere in this program, and both engines see the same colors.
 * MIPI cameras (the ISP) and JPEG or MJPEG decoders, the usual sources, give full range as they are.
 *
 * H.264 and H.265 video is limited as a rule: whoever reads a file converts on the way in (ffmpeg's
 * `scale=out_range=full`). Taken for full by mistake, it costs contrast: black arrives as 0.06, white as 0.92.
 */
export const DEFAULT_COLOR_RANGE: ColorRange = 'full';
