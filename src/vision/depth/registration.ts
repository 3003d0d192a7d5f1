import type { PictureSize } from '../picture/picture-size.js';
import { inProportion, type Intrinsics, scaledTo } from './intrinsics.js';
import { type Registration, REGISTERED } from './objects-in-space.js';
import { Projection, Projector } from './projection.js';
import { sameCamera } from './ray-table.js';
import { undistort } from './distortion.js';
import { isTransform, type NoTransform } from './transform-buffer.js';
import { IDENTITY, type RigidTransform } from './rigid-transform.js';

/** Values of parameter depth_registration: how depth pictures are aligned with the color pictures. */
export const REGISTRATIONS = ['auto', 'registered', 'projected'] as const;
export type RegistrationMode = (typeof REGISTRATIONS)[number];

/** A picture's size and frame. */
export interface PlacedPicture extends PictureSize {
  readonly frameId: string;
}

/** Why depth cannot be used, in parts of an ExpectationError. */
export interface NoRegistration {
  readonly expected: string;
  readonly received: string;
  readonly hint: string;
  /** Whether it may come: a transform that is not there yet. */
  readonly later: boolean;
}

export function isRegistration(found: Registration | NoRegistration): found is Registration {
  return 'kind' in found;
}

/**
 * How a depth picture lies to the color picture. Never guessed: pictures of different frames, or whose sides are not in proportion,
 * need both cameras' intrinsics and the transform between them. So do pictures of one frame whose intrinsics differ: a lens of another
 * field of view, or one picture that is rectified and one that is not.
 *
 * @param depthCamera undefined: nothing is known of it
 * @param colorCamera undefined: nothing is known of it
 * @param lookup the transform from the depth camera's frame to the color camera's
 * @param view kept from frame to frame by the caller
 */
export function registrationOf(
  mode: RegistrationMode,
  color: PlacedPicture,
  depth: PlacedPicture,
  depthCamera: Intrinsics | undefined,
  colorCamera: Intrinsics | undefined,
  lookup: () => RigidTransform | NoTransform,
  view = new SameView(),
): Registration | NoRegistration {
  const sizes = `${depth.width}x${depth.height} and ${color.width}x${color.height}`;
  const frames = `${depth.frameId || "''"} and ${color.frameId || "''"}`;
  const sameFrame = depth.frameId === color.frameId;
  const fits = inProportion(color, depth);
  if (mode === 'registered' && !fits) {
    return {
      expected: 'depth and color pictures with sides in proportion, as depth_registration: registered says',
      received: sizes,
      hint: 'Take the depth topic that is aligned to the color camera, or set depth_registration to auto.',
      later: false,
    };
  }
  const alike = depthCamera && colorCamera ? view.of(depthCamera, depth, colorCamera, color) : true;
  if (mode === 'registered' || (mode === 'auto' && sameFrame && fits && alike)) return REGISTERED;
  const why = sameFrame ? `pictures of ${sizes}` : `frame_ids ${frames}`;
  if (!colorCamera) {
    return {
      expected: "the color camera's intrinsics, to project a depth picture that is not registered",
      received: `none yet (${why})`,
      hint: 'Set camera_info to the topic of its CameraInfo; or, if depth is aligned to color and only its frame_id differs, depth_registration to registered.',
      later: true,
    };
  }
  const toColor = lookup();
  if (!isTransform(toColor)) {
    return {
      expected: `the transform from the depth camera to the color camera on /tf or /tf_static (${why})`,
      received: `none: ${toColor.missing}`,
      hint: 'Start the robot_state_publisher or a static_transform_publisher; or, if depth is aligned to color and only its frame_id differs, set depth_registration to registered.',
      later: toColor.later,
    };
  }
  return { kind: 'projected', color: colorCamera, toColor };
}

/**
 * Pixels of the depth picture by which two cameras may differ and still count as the same: conventions differ by half a pixel, and the
 * edge band hides the rest.
 */
const SAME = 1.5;
/** The same as a share of the width, because drivers round intrinsics; the larger one counts. */
const SAME_SHARE = 0.004;

/** Caches whether two cameras have the same view: CameraInfo comes with each frame, and hardly ever changes. */
export class SameView {
  #depth: Intrinsics | undefined;
  #color: Intrinsics | undefined;
  #same = false;

  of(depthCamera: Intrinsics, depth: PictureSize, colorCamera: Intrinsics, color: PictureSize): boolean {
    const own = scaledTo(depthCamera, depth);
    // Both on the depth picture's grid, so that differences are in its pixels.
    const other = scaledTo(scaledTo(colorCamera, color), depth);
    if (this.#depth && this.#color && sameCamera(this.#depth, own) && sameCamera(this.#color, other))
      return this.#same;
    this.#same = sameView(own, other);
    this.#depth = own;
    this.#color = other;
    return this.#same;
  }
}

/** Whether a ray comes to lie on the same place of both pictures, at their corners and in their middle. */
function sameView(own: Intrinsics, other: Intrinsics): boolean {
  const { width, height, fx, fy, cx, cy, distortion } = own;
  const numbers = new Projection().between(own, other, IDENTITY, 1);
  const most = Math.max(SAME, SAME_SHARE * width);
  const ray = new Float64Array(2);
  const projector = new Projector(Float32Array.of(), numbers, width);
  for (const column of [0, (width - 1) / 2, width - 1]) {
    for (const row of [0, (height - 1) / 2, height - 1]) {
      ray[0] = (column - cx) / fx;
      ray[1] = (row - cy) / fy;
      if (distortion) undistort(distortion, ray[0], ray[1], ray);
      // What the lens does not show cannot be compared.
      if (Number.isNaN(ray[0])) continue;
      const seen = projector.project(ray[0] * fx + cx, ray[1] * fy + cy, 1);
      if (!seen) return false;
      if (!(Math.hypot(projector.u - 0.5 - column, projector.v - 0.5 - row) <= most)) return false;
    }
  }
  return true;
}
