/**
 * The message definitions this package writes and reads, without their comments, by `package/Type`.
 *
 * They are facts about other packages: ROS 2 Humble's common_interfaces and tf2_msgs, vision_msgs 4, foxglove_msgs 3.4,
 * TROS's ai_msgs and hbm_img_msgs, and our own msg/ (a test holds the two together). Where ROS is installed, what is
 * installed there goes before this table: see installed-type.ts.
 */
export const DEFINITIONS: Readonly<Record<string, string>> = {
  'builtin_interfaces/Time': 'int32 sec\nuint32 nanosec\n',
  'builtin_interfaces/Duration': 'int32 sec\nuint32 nanosec\n',
  'std_msgs/Header': 'builtin_interfaces/Time stamp\nstring frame_id\n',
  'std_msgs/ColorRGBA': 'float32 r\nfloat32 g\nfloat32 b\nfloat32 a\n',

  'geometry_msgs/Point': 'float64 x\nfloat64 y\nfloat64 z\n',
  'geometry_msgs/Point32': 'float32 x\nfloat32 y\nfloat32 z\n',
  'geometry_msgs/Quaternion': 'float64 x 0\nfloat64 y 0\nfloat64 z 0\nfloat64 w 1\n',
  'geometry_msgs/Pose': 'Point position\nQuaternion orientation\n',
  'geometry_msgs/PoseWithCovariance': 'Pose pose\nfloat64[36] covariance\n',
  'geometry_msgs/Vector3': 'float64 x\nfloat64 y\nfloat64 z\n',
  'geometry_msgs/Transform': 'Vector3 translation\nQuaternion rotation\n',
  'geometry_msgs/TransformStamped': 'std_msgs/Header header\nstring child_frame_id\nTransform transform\n',
  'tf2_msgs/TFMessage': 'geometry_msgs/TransformStamped[] transforms\n',

  'sensor_msgs/Image': `std_msgs/Header header
uint32 height
uint32 width
string encoding
uint8 is_bigendian
uint32 step
uint8[] data
`,
  'sensor_msgs/CompressedImage': 'std_msgs/Header header\nstring format\nuint8[] data\n',
  'sensor_msgs/PointCloud2': `std_msgs/Header header
uint32 height
uint32 width
PointField[] fields
bool is_bigendian
uint32 point_step
uint32 row_step
uint8[] data
bool is_dense
`,
  'sensor_msgs/PointField': `uint8 UINT32=6
uint8 FLOAT32=7
string name
uint32 offset
uint8 datatype
uint32 count
`,
  'sensor_msgs/CameraInfo': `std_msgs/Header header
uint32 height
uint32 width
string distortion_model
float64[] d
float64[9] k
float64[9] r
float64[12] p
uint32 binning_x
uint32 binning_y
RegionOfInterest roi
`,
  'sensor_msgs/RegionOfInterest': `uint32 x_offset
uint32 y_offset
uint32 height
uint32 width
bool do_rectify
`,

  'tros_yolo_seg/InstanceArray': `std_msgs/Header header
uint32 image_width
uint32 image_height
uint32 mask_width
uint32 mask_height
float32 preprocess_ms
float32 inference_ms
float32 decode_ms
Instance[] instances
`,
  'tros_yolo_seg/Instance': `uint16 class_id
string class_name
float32 score
string id
Box box
Mask mask
`,
  'tros_yolo_seg/Box': 'float32 x\nfloat32 y\nfloat32 width\nfloat32 height\n',
  'tros_yolo_seg/Mask': 'uint32 x\nuint32 y\nuint32 width\nuint32 height\nuint16[] runs\n',

  'tros_yolo_seg/ZoneArray': 'std_msgs/Header header\nZone[] zones\n',
  'tros_yolo_seg/Zone': `string name
bool line
ZoneClass[] classes
ZoneEvent[] events
`,
  'tros_yolo_seg/ZoneClass': `uint16 class_id
string class_name
uint32 present
uint64 entered
uint64 left
float32 mean_dwell
float32 longest_stay
`,
  'tros_yolo_seg/ZoneEvent': `uint8 ENTERED=1
uint8 LEFT=2
uint8 type
string id
uint16 class_id
string class_name
float32 dwell
`,

  'vision_msgs/Detection2DArray': 'std_msgs/Header header\nDetection2D[] detections\n',
  'vision_msgs/Detection2D': `std_msgs/Header header
ObjectHypothesisWithPose[] results
BoundingBox2D bbox
string id
`,
  'vision_msgs/ObjectHypothesisWithPose':
    'ObjectHypothesis hypothesis\ngeometry_msgs/PoseWithCovariance pose\n',
  'vision_msgs/ObjectHypothesis': 'string class_id\nfloat64 score\n',
  'vision_msgs/BoundingBox2D': 'vision_msgs/Pose2D center\nfloat64 size_x\nfloat64 size_y\n',
  'vision_msgs/Pose2D': 'vision_msgs/Point2D position\nfloat64 theta\n',
  'vision_msgs/Point2D': 'float64 x\nfloat64 y\n',
  'vision_msgs/Detection3DArray': 'std_msgs/Header header\nDetection3D[] detections\n',
  'vision_msgs/Detection3D': `std_msgs/Header header
ObjectHypothesisWithPose[] results
BoundingBox3D bbox
string id
`,
  'vision_msgs/BoundingBox3D': 'geometry_msgs/Pose center\ngeometry_msgs/Vector3 size\n',
  'vision_msgs/LabelInfo': 'std_msgs/Header header\nvision_msgs/VisionClass[] class_map\nfloat32 threshold\n',
  'vision_msgs/VisionClass': 'uint16 class_id\nstring class_name\n',

  'visualization_msgs/MarkerArray': 'Marker[] markers\n',
  'visualization_msgs/Marker': `int32 CUBE=1
int32 TEXT_VIEW_FACING=9
int32 ADD=0
int32 DELETEALL=3
std_msgs/Header header
string ns
int32 id
int32 type
int32 action
geometry_msgs/Pose pose
geometry_msgs/Vector3 scale
std_msgs/ColorRGBA color
builtin_interfaces/Duration lifetime
bool frame_locked
geometry_msgs/Point[] points
std_msgs/ColorRGBA[] colors
string texture_resource
sensor_msgs/CompressedImage texture
UVCoordinate[] uv_coordinates
string text
string mesh_resource
MeshFile mesh_file
bool mesh_use_embedded_materials
`,
  'visualization_msgs/UVCoordinate': 'float32 u\nfloat32 v\n',
  'visualization_msgs/MeshFile': 'string filename\nuint8[] data\n',

  'foxglove_msgs/ImageAnnotations': `builtin_interfaces/Time timestamp
foxglove_msgs/CircleAnnotation[] circles
foxglove_msgs/PointsAnnotation[] points
foxglove_msgs/TextAnnotation[] texts
foxglove_msgs/KeyValuePair[] metadata
`,
  'foxglove_msgs/CircleAnnotation': `builtin_interfaces/Time timestamp
foxglove_msgs/Point2 position
float64 diameter
float64 thickness
foxglove_msgs/Color fill_color
foxglove_msgs/Color outline_color
foxglove_msgs/KeyValuePair[] metadata
`,
  'foxglove_msgs/PointsAnnotation': `builtin_interfaces/Time timestamp
uint8 UNKNOWN=0
uint8 POINTS=1
uint8 LINE_LOOP=2
uint8 LINE_STRIP=3
uint8 LINE_LIST=4
uint8 type
foxglove_msgs/Point2[] points
foxglove_msgs/Color outline_color
foxglove_msgs/Color[] outline_colors
foxglove_msgs/Color fill_color
float64 thickness
foxglove_msgs/KeyValuePair[] metadata
`,
  'foxglove_msgs/TextAnnotation': `builtin_interfaces/Time timestamp
foxglove_msgs/Point2 position
string text
float64 font_size
foxglove_msgs/Color text_color
foxglove_msgs/Color background_color
foxglove_msgs/KeyValuePair[] metadata
`,
  'foxglove_msgs/Point2': 'float64 x\nfloat64 y\n',
  'foxglove_msgs/Color': 'float64 r\nfloat64 g\nfloat64 b\nfloat64 a\n',
  'foxglove_msgs/KeyValuePair': 'string key\nstring value\n',

  'ai_msgs/PerceptionTargets': `std_msgs/Header header
int16 fps
Perf[] perfs
Target[] targets
Target[] disappeared_targets
`,
  'ai_msgs/Perf': `string type
builtin_interfaces/Time stamp_start
builtin_interfaces/Time stamp_end
float64 time_ms_duration
`,
  'ai_msgs/Target': `string type
uint64 track_id
Roi[] rois
Attribute[] attributes
Point[] points
Capture[] captures
`,
  'ai_msgs/Roi': 'string type\nsensor_msgs/RegionOfInterest rect\nfloat32 confidence\n',
  'ai_msgs/Attribute': 'string type\nfloat32 value\nfloat32 confidence\n',
  'ai_msgs/Point': 'string type\ngeometry_msgs/Point32[] point\nfloat32[] confidence\n',
  'ai_msgs/Capture': `std_msgs/Header header
sensor_msgs/Image img
float32[] features
DBResult db_result
`,
  'ai_msgs/DBResult': 'string db_type\nstring match_id\nfloat32 distance\nfloat32 similarity\n',
  'ai_msgs/PerceptionInfo': 'std_msgs/Header header\nuint32 height\nuint32 width\nstring[] class_names\n',

  'diagnostic_msgs/DiagnosticArray': 'std_msgs/Header header\nDiagnosticStatus[] status\n',
  'diagnostic_msgs/DiagnosticStatus': `byte OK=0
byte WARN=1
byte ERROR=2
byte STALE=3
byte level
string name
string message
string hardware_id
KeyValue[] values
`,
  'diagnostic_msgs/KeyValue': 'string key\nstring value\n',

  'lifecycle_msgs/TransitionEvent': `uint64 timestamp
Transition transition
State start_state
State goal_state
`,
  'lifecycle_msgs/Transition': 'uint8 id\nstring label\n',
  'lifecycle_msgs/State': 'uint8 id\nstring label\n',

  'hbm_img_msgs/HbmMsg480P': hbmDefinition(921_600),
  'hbm_img_msgs/HbmMsg540P': hbmDefinition(1_555_200),
  'hbm_img_msgs/HbmMsg1080P': hbmDefinition(6_220_800),
};

function hbmDefinition(size: number): string {
  return `int32 index
builtin_interfaces/Time time_stamp
uint32 height
uint32 width
uint32 data_size
uint32 step
uint8[12] encoding
uint8[${size}] data
uint32 MAX_SIZE=${size}
`;
}
