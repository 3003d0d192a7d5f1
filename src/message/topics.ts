/** Names of the topics that results go to, the same in a running system and in a bag. */
export const TOPICS = {
  detections: '/segment/detections',
  instances: '/segment/instances',
  instanceMap: '/segment/instance_map',
  labelInfo: '/segment/label_info',
  annotations: '/segment/annotations',
  overlay: '/segment/overlay/compressed',
} as const;
