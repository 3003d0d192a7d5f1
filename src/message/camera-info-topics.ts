/** CameraInfo of an image topic: below it, as hobot_stereonet has it, or beside it, as image_transport does. */
export function cameraInfoTopics(image: string): string[] {
  return [`${image}/camera_info`, `${image.slice(0, image.lastIndexOf('/') + 1)}camera_info`];
}
