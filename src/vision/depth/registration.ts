import type { PictureSize } from '../picture/picture-size.js';
import { inProportion, type Intrinsics } from './intrinsics.js';
import { type Registration, REGISTERED } from './objects-in-space.js';
import { isTransform, type NoTransform } from './transform-buffer.js';
import type { RigidTransform } from './rigid-transform.js';

/** How depth pictures are said to lie to the color pictures. */
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
 * need both cameras' intrinsics and the transform between them.
 *
 * @param colorCamera undefined: nothing is known of it
 * @param lookup the transform from the depth camera's frame to the color camera's
 */
export function registrationOf(
  mode: RegistrationMode,
  color: PlacedPicture,
  depth: PlacedPicture,
  colorCamera: Intrinsics | undefined,
  lookup: () => RigidTransform | NoTransform,
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
  if (mode === 'registered' || (mode === 'auto' && sameFrame && fits)) return REGISTERED;
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
