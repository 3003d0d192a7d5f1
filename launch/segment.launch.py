"""Starts the node `segment` and a camera for it.

On TROS the camera is the one that CAM_TYPE names, as in TROS's own launch files, with the codec and the web page; on any
other machine it is the stand-in of this package. See `ros2 launch tros_yolo_seg segment.launch.py --show-args`.
"""

import os
import shutil

from ament_index_python.packages import PackageNotFoundError, get_package_share_directory
from launch import LaunchDescription
from launch.actions import (
    DeclareLaunchArgument,
    IncludeLaunchDescription,
    LogInfo,
    OpaqueFunction,
    SetEnvironmentVariable,
    Shutdown,
)
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import EnvironmentVariable, LaunchConfiguration
from launch_ros.actions import Node
import yaml

PACKAGE = 'tros_yolo_seg'

# Where TROS's cameras publish hbm_img_msgs/HbmMsg1080P, and the topic of JPEG pictures beside it.
HBM_TOPIC = '/hbmem_img'
JPEG_TOPIC = '/image'

CAMERAS = ['auto', 'mipi', 'usb', 'fb', 'stand-in', 'false']
SWITCH = ['auto', 'true', 'false']

# (name, default, help, choices): where the default is empty, the parameter is left to params_file or to the node.
PARAMETERS = [
    ('model', '', 'path of the model: .bin for the BPU, .onnx for the CPU; or a name of tros-yolo-seg model list; default: the bundled demo model', None),
    ('engine', '', 'where the model runs: auto, onnx or bpu; default: auto', ['', 'auto', 'onnx', 'bpu']),
    ('labels', '', 'path of a file of class names, one a line', None),
    ('images', '', 'image topics, separated by commas; default: that of the camera, or else `image`', None),
    (
        'image_type', '', 'messages on the image topics; default: auto',
        ['', 'auto', 'image', 'compressed', 'hbm480p', 'hbm540p', 'hbm1080p'],
    ),
    ('image_step', '', 'bytes from row to row of images whose messages do not say it rightly, by commas; default: 0', None),
    ('image_rows', '', 'rows of luma of images that are padded below, separated by commas; default: 0', None),
    ('roi', '', 'region of interest of each camera, x,y,width,height, separated by semicolons; default: whole pictures', None),
    ('mono16_max', '', 'value of mono16 and 16UC1 images that is white; default: 65535', None),
    ('image_qos', '', 'QoS of the image subscriptions: match, sensor_data, reliable or default', None),
    ('queue_size', '', 'frames of a camera that may wait for the engine; more for bags without loss; default: 1', None),
    ('score', '', 'lowest score of an instance, 0 to 1; default: 0.25', None),
    ('iou', '', 'overlap above which NMS drops a box, 0 to 1; default: 0.7', None),
    ('nms', '', 'whether there is NMS: auto, always or never; default: auto, which is never for models that choose their instances', ['', 'auto', 'always', 'never']),
    ('classes', '', 'classes to report, names or numbers, separated by commas; default: all', None),
    ('masks', '', 'where masks are sampled: source, proto or none; default: source', ['', 'source', 'proto', 'none']),
    ('work_config', '', "path of one of TROS's work configs (JSON)", None),
    ('tros_topic', '', 'topic of ai_msgs/PerceptionTargets; default: hobot_dnn_detection', None),
    (
        'tros_masks', '', 'masks in it: polygons, semantic_map or none; default: polygons',
        ['', 'polygons', 'semantic_map', 'none'],
    ),
    ('autostart', '', 'false: the node waits for `ros2 lifecycle set`; default: true', ['', 'true', 'false']),
]
LISTS = ['images', 'classes', 'roi']
NUMBERS = ['score', 'iou']
INTEGERS = ['mono16_max', 'queue_size']
INTEGER_LISTS = ['image_step', 'image_rows']


def generate_launch_description():
    arguments = [
        ('name', 'segment', 'name of the node', None),
        ('namespace', '', 'namespace of the node and of the stand-in camera', None),
        ('params_file', '', 'YAML file of parameters; what is given as an argument goes before it', None),
        (
            'required', 'false', 'whether the whole launch ends when the node does, as it does when its start fails',
            ['true', 'false'],
        ),
        ('log_level', 'info', 'debug, info, warn, error or fatal', ['debug', 'info', 'warn', 'error', 'fatal']),
        ('use_sim_time', 'false', 'whether time comes from /clock', ['true', 'false']),
        *PARAMETERS,
        (
            'camera', EnvironmentVariable('CAM_TYPE', default_value='auto'),
            'mipi, usb, fb (pictures of TROS\'s image publisher): the cameras of TROS; stand-in: that of this package; '
            'false: none. auto: mipi where it is installed, else stand-in. Default: $CAM_TYPE, else auto', None,
        ),
        ('device', '', 'device of the TROS camera: a sensor for mipi, /dev/videoN for usb', None),
        ('size', '', 'WxH of the camera; default: 960x544 (mipi), 640x480 (usb), that of the files (stand-in)', None),
        ('rate', '30.0', 'frames a second of the stand-in camera', None),
        ('inputs', 'scene:', 'files, folders, bags or scene: that fb and the stand-in publish, by commas', None),
        ('loop', 'true', 'whether the stand-in begins again after the last file', ['true', 'false']),
        ('message', 'image', "messages of the stand-in: image, or hbm1080p with TROS's topic and QoS",
         ['image', 'hbm1080p']),
        ('frame_id', '', 'frame_id of the stand-in camera', None),
        ('web', 'auto', "TROS's web page on port 8000; auto: with the cameras of TROS, where it is installed", SWITCH),
        (
            'dds', 'auto', 'whether to use the DDS profiles of this package, which keep large frames from getting lost; '
            'auto: unless you have set your own', SWITCH,
        ),
    ]  # fmt: skip
    return LaunchDescription(
        [
            DeclareLaunchArgument(
                name, default_value=default, description=text, **({'choices': choices} if choices else {})
            )
            for name, default, text, choices in arguments
        ]
        + [OpaqueFunction(function=start)]
    )


def start(context):
    def get(name):
        return LaunchConfiguration(name).perform(context)

    camera, notes = choose_camera(get('camera'))
    on_tros = camera in ('mipi', 'usb', 'fb')
    with_web, web_notes = choose_web(get('web'), on_tros, get('message'))
    hbm = on_tros or (camera == 'stand-in' and get('message') == 'hbm1080p')

    actions = [LogInfo(msg=f'tros_yolo_seg: {note}') for note in notes + web_notes]
    actions += dds_profiles(get('dds'))
    if on_tros:
        # Sets what zero copy needs, for all that is started after it. Before the node, so that both sides agree.
        actions.append(include('hobot_shm', 'hobot_shm.launch.py'))
    actions += start_camera(camera, get, hbm)
    if with_web:
        actions += start_web(camera, get)
    actions.append(start_node(get, HBM_TOPIC if hbm else None))
    return actions


def choose_camera(wanted):
    """Give the camera that can be started, and what to tell about the choice."""
    needs = {
        'mipi': ['mipi_cam', 'hobot_shm'],
        'usb': ['hobot_usb_cam', 'hobot_codec', 'hobot_shm'],
        'fb': ['hobot_image_publisher', 'hobot_shm'],
    }
    if wanted not in CAMERAS:
        return 'stand-in', [
            f'Expected {", ".join(CAMERAS)} for the camera but received {wanted}. Taking the stand-in; '
            'set camera:=... or CAM_TYPE'
        ]
    if wanted == 'auto':
        camera = 'mipi' if all(map(installed, needs['mipi'])) else 'stand-in'
        return camera, [f'camera: {camera}']
    missing = [package for package in needs.get(wanted, []) if not installed(package)]
    if missing:
        return 'stand-in', [
            f'Expected {", ".join(missing)} for the camera {wanted} but did not find that installed. Taking the stand-in; '
            'source /opt/tros/humble/setup.bash on a board'
        ]
    return wanted, [f'camera: {wanted}']


def choose_web(wanted, on_tros, message):
    if wanted == 'false' or (wanted == 'auto' and not on_tros):
        return False, []
    missing = [package for package in ['websocket', 'hobot_codec'] if not installed(package)]
    if not on_tros and message != 'hbm1080p':
        return False, ['Expected message:=hbm1080p for the web page of the stand-in camera. No web page']
    if missing:
        return False, [f'Expected {", ".join(missing)} for the web page but did not find that installed. No web page']
    return True, ['web page: port 8000']


def start_camera(camera, get, hbm):
    width, height = size_of(get('size'))
    device = get('device')
    if camera == 'mipi':
        given = {
            'mipi_image_width': width or '960',
            'mipi_image_height': height or '544',
            'mipi_io_method': 'shared_mem',
            'mipi_out_format': 'nv12',
            'mipi_frame_ts_type': 'realtime',
        }
        if device:
            given['mipi_video_device'] = device
        return [include('mipi_cam', 'mipi_cam.launch.py', given)]
    if camera == 'usb':
        given = {'usb_image_width': width or '640', 'usb_image_height': height or '480'}
        if device:
            given['usb_video_device'] = device
        decode = {
            'codec_in_mode': 'ros',
            'codec_out_mode': 'shared_mem',
            'codec_sub_topic': JPEG_TOPIC,
            'codec_pub_topic': HBM_TOPIC,
        }
        return [
            include('hobot_usb_cam', 'hobot_usb_cam.launch.py', given),
            include('hobot_codec', 'hobot_codec_decode.launch.py', decode),
        ]
    if camera == 'fb':
        source = get('inputs').split(',')[0]
        if source == 'scene:':
            raise RuntimeError('Expected inputs:=PICTURE for the camera fb but received none. camera:=stand-in has scenes.')
        given = {
            'publish_image_source': os.path.abspath(source),
            'publish_image_format': os.path.splitext(source)[1].lstrip('.').lower() or 'jpg',
            'publish_message_topic_name': HBM_TOPIC,
            'publish_fps': str(round(float(get('rate')))),
        }
        return [include('hobot_image_publisher', 'hobot_image_publisher.launch.py', given)]
    if camera == 'stand-in':
        parameters = {
            'inputs': items(get('inputs')),
            'rate': number('rate', get('rate')),
            'loop': get('loop') == 'true',
            'message': get('message'),
            'use_sim_time': get('use_sim_time') == 'true',
        }
        parameters.update({name: get(name) for name in ('size', 'frame_id') if get(name)})
        return [
            Node(
                package=PACKAGE,
                executable='camera',
                name='camera',
                namespace=get('namespace'),
                parameters=[parameters],
                arguments=['--ros-args', '--log-level', get('log_level')],
                output='screen',
            )
        ]
    return []


def start_web(camera, get):
    """Start the web page, which pairs JPEG pictures and results by their stamps."""
    encode = {
        'codec_in_mode': 'shared_mem',
        'codec_out_mode': 'ros',
        'codec_sub_topic': HBM_TOPIC,
        'codec_pub_topic': JPEG_TOPIC,
        # Ours would be theirs, too, otherwise.
        'log_level': 'warn',
    }
    topic = get('tros_topic') or 'hobot_dnn_detection'
    if not topic.startswith('/'):
        topic = '/'.join(['', *filter(None, get('namespace').split('/')), topic])
    page = {
        'websocket_image_topic': JPEG_TOPIC,
        'websocket_image_type': 'mjpeg',
        'websocket_smart_topic': topic,
        'log_level': 'warn',
    }
    # A USB camera's pictures are JPEG already.
    codec = [] if camera == 'usb' else [include('hobot_codec', 'hobot_codec_encode.launch.py', encode)]
    return codec + [include('websocket', 'websocket.launch.py', page)]


def start_node(get, camera_topic):
    given = {}
    for name, *_ in PARAMETERS:
        text = get(name)
        if text == '':
            continue
        if name == 'roi':
            # launch_ros makes nothing of an empty text; a space is the whole picture, too.
            given[name] = [part.strip() or ' ' for part in text.split(';')]
        elif name in LISTS:
            given[name] = items(text)
        elif name in NUMBERS:
            given[name] = number(name, text)
        elif name in INTEGERS:
            given[name] = integer(name, text)
        elif name in INTEGER_LISTS:
            given[name] = [integer(name, item) for item in items(text)]
        else:
            given[name] = text == 'true' if name == 'autostart' else text
    file = parameter_file(get('params_file'))
    if camera_topic and not get('images') and not sets_images(file):
        given['images'] = [camera_topic]
    # Later ones go before earlier ones.
    parameters = ([file] if file else []) + [{'use_sim_time': get('use_sim_time') == 'true', **given}]
    return Node(
        package=PACKAGE,
        executable='segment',
        name=get('name'),
        namespace=get('namespace'),
        parameters=parameters,
        arguments=['--ros-args', '--log-level', get('log_level')],
        output='screen',
        on_exit=[Shutdown()] if get('required') == 'true' else None,
    )


def parameter_file(text):
    """Give the path as it is known; launch_ros would only warn of one that is missing, and start with defaults."""
    if text == '':
        return None
    path = os.path.expanduser(text)
    if not os.path.isfile(path):
        raise RuntimeError(f'Expected a YAML file of parameters for params_file but there is no file {path}.')
    return path


def sets_images(file):
    """Tell whether a file of parameters names image topics, for whatever node."""
    if not file:
        return False
    with open(file, encoding='utf8') as stream:
        found = yaml.safe_load(stream) or {}

    def search(value):
        return isinstance(value, dict) and ('images' in value or any(search(inner) for inner in value.values()))

    return search(found)


def dds_profiles(wanted):
    """Point both DDS implementations to the profiles of this package, each unless the user has his own."""
    if wanted == 'false':
        return []
    folder = os.path.join(get_package_share_directory(PACKAGE), 'config', 'dds')
    local = os.environ.get('ROS_LOCALHOST_ONLY', '0') == '1'
    fast = os.path.join(folder, 'fastdds-localhost.xml' if local else 'fastdds.xml')
    cyclone = 'file://' + os.path.join(folder, 'cyclonedds.xml')

    own_fast = ['FASTRTPS_DEFAULT_PROFILES_FILE', 'FASTDDS_DEFAULT_PROFILES_FILE', 'RMW_FASTRTPS_USE_QOS_FROM_XML']
    actions = []
    if wanted == 'true' or not any(os.environ.get(name) for name in own_fast):
        # 64 MB for each process of the graph that is started here.
        if os.path.isdir('/dev/shm') and shutil.disk_usage('/dev/shm').free < 512e6 and wanted == 'auto':
            actions.append(
                LogInfo(
                    msg='tros_yolo_seg: Expected 512 MB free in /dev/shm for large frames with Fast DDS but there are '
                    f'{shutil.disk_usage("/dev/shm").free // 1000000}. Frames may get lost; in a container: --shm-size 1g'
                )
            )
        else:
            # The older name, which Humble and Jazzy both read.
            actions.append(SetEnvironmentVariable('FASTRTPS_DEFAULT_PROFILES_FILE', fast))
            # What makes Fast DDS lend messages: the profile's data sharing, and rcl's switch for subscriptions.
            actions.append(SetEnvironmentVariable('RMW_FASTRTPS_USE_QOS_FROM_XML', '1'))
            if 'ROS_DISABLE_LOANED_MESSAGES' not in os.environ:
                actions.append(SetEnvironmentVariable('ROS_DISABLE_LOANED_MESSAGES', '0'))
    if wanted == 'true' or not os.environ.get('CYCLONEDDS_URI'):
        actions.append(SetEnvironmentVariable('CYCLONEDDS_URI', cyclone))
        if os.environ.get('RMW_IMPLEMENTATION') == 'rmw_cyclonedds_cpp':
            actions += receive_buffer_hint('/proc/sys/net/core/rmem_max')
    return actions


def receive_buffer_hint(file):
    """Tell when the kernel gives less than what 1080p frames were measured to need; Ubuntu's default is 208 kB."""
    needed = 4194304
    try:
        with open(file, encoding='ascii') as stream:
            most = int(stream.read())
    except (OSError, ValueError):
        return []
    if most >= needed:
        return []
    return [
        LogInfo(
            msg=f'tros_yolo_seg: Expected net.core.rmem_max of {needed} or more for large frames with Cyclone DDS but it is '
            f'{most}. Frames of 1080p will get lost; sudo sysctl -w net.core.rmem_max=33554432'
        )
    ]


def include(package, file, arguments=None):
    path = os.path.join(get_package_share_directory(package), 'launch', file)
    return IncludeLaunchDescription(PythonLaunchDescriptionSource(path), launch_arguments=(arguments or {}).items())


def installed(package):
    try:
        get_package_share_directory(package)
    except PackageNotFoundError:
        return False
    return True


def items(text):
    """Split `a,b` into its parts; `[a, b]`, as parameters are written, is the same."""
    text = text.strip()
    if text.startswith('[') and text.endswith(']'):
        text = text[1:-1]
    return [part.strip() for part in text.split(',') if part.strip()]


def number(name, text):
    try:
        return float(text)
    except ValueError:
        raise RuntimeError(f'Expected a number for {name} but received {text}.') from None


def integer(name, text):
    try:
        return int(text)
    except ValueError:
        raise RuntimeError(f'Expected an integer for {name} but received {text}.') from None


def size_of(text):
    """Split `1280x720` into texts of width and height; both are None where nothing is given."""
    if text == '':
        return None, None
    parts = text.lower().split('x')
    if len(parts) != 2 or not all(part.isdigit() and int(part) > 0 for part in parts):
        raise RuntimeError(f'Expected a size like 1280x720 but received {text}.')
    return parts[0], parts[1]
