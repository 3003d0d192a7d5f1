"""Starts the node `segment` and a camera for it.

On TROS the camera is the one that CAM_TYPE names, as in TROS's own launch files, with the codec and the web page; on any
other machine it is the stand-in of this package. See `ros2 launch tros_yolo_seg segment.launch.py --show-args`.
"""

import json
import os
import shutil
from typing import List

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
from launch_ros.parameter_descriptions import ParameterValue
import yaml

PACKAGE = 'tros_yolo_seg'

# The topic of JPEG pictures beside that of TROS's cameras.
JPEG_TOPIC = '/image'
# Where hobot_hdmi looks for results.
HDMI_TOPIC = '/hobot_detection'
HDMI_LAUNCH = 'display.launch.py'

# What depth:=stereonet stands for: hobot_stereonet's depth, and the left picture as it rectifies it, which lies under it pixel by pixel.
STEREONET = {
    'images': ['/StereoNetNode/rectify_left_image'],
    'depth': ['/StereoNetNode/stereonet_depth'],
    'depth_info': ['/StereoNetNode/stereonet_depth/camera_info'],
    'depth_registration': 'registered',
}

# What depth:=scene stands for: the exact depth of the stand-in's generated scenes, beside its pictures.
SCENE_DEPTH = 'scene'

CAMERAS = ['auto', 'mipi', 'usb', 'fb', 'stand-in', 'false']
SWITCH = ['auto', 'true', 'false']

# The parameters of the nodes, made from src/parameters/ by `npm run docs`. Each parameter of segment is an argument.
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'parameters.json'), encoding='utf8') as stream:
    TABLES = json.load(stream)
PARAMETERS = TABLES['parameters']['segment']
# Where TROS's cameras publish hbm_img_msgs/HbmMsg1080P.
HBM_TOPIC = TABLES['stand_in_topics']['hbm1080p']
CAMERA_PARAMETERS = TABLES['parameters']['camera']
# Those of the stand-in that are arguments, too.
STAND_IN = ['size', 'rate', 'inputs', 'loop', 'message', 'hbm_encoding', 'frame_id']


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
        # Where nothing is given, a parameter is left to params_file or to the node.
        *((name, '', help_of(row), choices_of(row)) for name, row in PARAMETERS.items()),
        (
            'camera', EnvironmentVariable('CAM_TYPE', default_value='auto'),
            'mipi, usb, fb (pictures of TROS\'s image publisher): the cameras of TROS; stand-in: that of this package; '
            'false: none. auto: mipi where it is installed, else stand-in. Default: $CAM_TYPE, else auto', None,
        ),
        ('device', '', 'device of the TROS camera: a sensor for mipi, /dev/videoN for usb', None),
        ('size', '', 'WxH of the camera; default: 960x544 (mipi), 640x480 (usb), that of the files (stand-in)', None),
        ('inputs', 'scene:', 'files, folders, bags or scene: that fb and the stand-in publish, by commas', None),
        *(stand_in_argument(name, CAMERA_PARAMETERS[name]) for name in STAND_IN[1:] if name != 'inputs'),
        ('web', 'auto', "TROS's web page on port 8000; auto: with the cameras of TROS, where it is installed", SWITCH),
        (
            'image_topic', '',
            "topic of the JPEG pictures that the web page shows, sensor_msgs/CompressedImage. Default: the camera's, where it sends JPEG or "
            "hobot_codec makes it, else the node's overlay", None,
        ),
        (
            'hdmi', 'false', 'whether hobot_hdmi shows the pictures of the TROS camera with boxes on a screen: results are on hobot_detection '
            'then, without the map of classes, which would cover the picture; tros_topic and tros_masks go before that', ['true', 'false'],
        ),
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


def help_of(row):
    """Give the help of a parameter with what it takes, how lists are written, and the default."""
    notes = [row['takes']]
    if row['type'].endswith('_array'):
        notes.append('separated by semicolons' if row.get('placed') else 'separated by commas')
    if row['default'] not in ('', []):
        own = "the camera's topic, else " if row is PARAMETERS['images'] else ''
        notes.append(f'default: {own}{shown(row["default"])}')
    return f'{row["help"]} ({"; ".join(notes)})'


def choices_of(row):
    """Give the values that an argument takes, nothing among them; None where any will do."""
    choices = ['true', 'false'] if row['type'] == 'bool' else row.get('choices')
    return ['', *choices] if choices else None


def stand_in_argument(name, row):
    choices = choices_of(row)
    return (name, shown(row['default']), f'{row["help"]} (of the stand-in camera)', choices and choices[1:])


def shown(value):
    """Give a value as it is written on a command line."""
    if isinstance(value, bool):
        return str(value).lower()
    return ','.join(map(str, value)) if isinstance(value, list) else str(value)


def former_names(table, given):
    """Give the values that came by the former names of parameters, by their present names, and what to tell of them."""
    values, notes = {}, []
    for name, row in table.items():
        former = row.get('was')
        if not former or given.get(former, '') == '':
            continue
        allowed = choices_of(row)
        if allowed and given[former] not in allowed:
            raise RuntimeError(f'Expected {", ".join(allowed[1:])} for {name} but received {given[former]}.')
        if given.get(name, '') in ('', shown(row['default'])):
            values[name] = given[former]
            rest = 'works by its former name until the next minor version.'
        else:
            rest = 'is given by that name, too: the value of the former name is not used.'
        notes.append(f'Argument {former} is called {name} now, and {rest}')
    return values, notes


def start(context):
    given = context.launch_configurations
    by_former, name_notes = former_names(
        {**PARAMETERS, **{name: CAMERA_PARAMETERS[name] for name in STAND_IN}}, given
    )

    def get(name):
        return by_former.get(name) or LaunchConfiguration(name).perform(context)

    # The stereo camera's own pictures are taken, unless another camera is asked for.
    alone = with_stereonet(get) and get('camera') == 'auto'
    camera, notes = ('false', ['camera: that of hobot_stereonet']) if alone else choose_camera(get('camera'))
    if with_scene_depth(get) and camera != 'stand-in':
        raise RuntimeError(f'Expected camera:=stand-in for depth:={SCENE_DEPTH} but the camera is {camera}.')
    on_tros = camera in ('mipi', 'usb', 'fb')
    page, web_notes = choose_web(camera, get)
    with_hdmi, hdmi_notes = choose_hdmi(get('hdmi'), on_tros)
    topic = HBM_TOPIC if on_tros else TABLES['stand_in_topics'][get('message')] if camera == 'stand-in' else None

    actions = [LogInfo(msg=f'tros_yolo_seg: {note}') for note in name_notes + notes + web_notes + hdmi_notes]
    actions += dds_profiles(get('dds'))
    if on_tros:
        # Sets what zero copy needs, for all that is started after it. Before the node, so that both sides agree.
        actions.append(include('hobot_shm', 'hobot_shm.launch.py'))
    actions += start_camera(camera, get)
    if page:
        actions += start_web(page, tros_topic(get, with_hdmi))
    if with_hdmi:
        actions.append(include('hobot_hdmi', HDMI_LAUNCH, {'display_is_shared_mem': 'True'}))
    actions.append(start_node(get, topic, with_hdmi))
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


def choose_web(camera, get):
    """Give the pictures that the web page is started with, None for no page, and what to tell about the choice."""
    on_tros = camera in ('mipi', 'usb', 'fb')
    wanted = get('web')
    if wanted == 'false' or (wanted == 'auto' and not on_tros):
        return None, []
    if not installed('websocket'):
        return None, ['Expected websocket for the web page but did not find that installed. No web page']
    page = web_pictures(camera, get)
    return page, [f'web page: port 8000, pictures of {page["topic"]}']


def web_pictures(camera, get):
    """Give the JPEG pictures of the web page: topic, the name of their type, and whether the codec has to make them."""
    if get('image_topic'):
        return {'topic': absolute(get('image_topic'), get), 'type': 'mjpeg', 'codec': False}
    if camera == 'usb':
        # A USB camera's pictures are JPEG already.
        return {'topic': JPEG_TOPIC, 'type': 'mjpeg', 'codec': False}
    message = get('message')
    if camera == 'stand-in' and message == 'compressed':
        return {'topic': absolute(TABLES['stand_in_topics'][message], get), 'type': 'mjpeg', 'codec': False}
    if camera == 'stand-in' and message == 'hbm1080p' and get('hbm_encoding') == 'jpeg':
        return {'topic': HBM_TOPIC, 'type': 'jpeg_shared_mem', 'codec': False}
    if (camera in ('mipi', 'fb') or message == 'hbm1080p') and installed('hobot_codec'):
        return {'topic': JPEG_TOPIC, 'type': 'mjpeg', 'codec': True}
    overlay = absolute(get('name') + '/overlay/compressed', get)
    return {'topic': overlay, 'type': 'mjpeg', 'codec': False}


def choose_hdmi(wanted, on_tros):
    if wanted == 'false':
        return False, []
    if not on_tros:
        return False, ['Expected a camera of TROS for hdmi but there is none. No picture on the screen']
    # Older ones have a launch file of another name, which starts a camera of its own.
    if not installed('hobot_hdmi') or not os.path.isfile(launch_path('hobot_hdmi', HDMI_LAUNCH)):
        return False, [
            f'Expected hobot_hdmi with launch/{HDMI_LAUNCH} for hdmi but did not find that installed. No picture on the screen'
        ]
    return True, ['hdmi: pictures and boxes on the screen']


def absolute(topic, get):
    """Give the name of a topic as a node in the namespace knows it."""
    return topic if topic.startswith('/') else '/'.join(['', *filter(None, get('namespace').split('/')), topic])


def tros_topic(get, with_hdmi):
    """Give the topic of PerceptionTargets."""
    default = HDMI_TOPIC if with_hdmi else PARAMETERS['tros_topic']['default']
    return absolute(get('tros_topic') or default, get)


def start_camera(camera, get):
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
        parameters = given_parameters({name: CAMERA_PARAMETERS[name] for name in STAND_IN}, get)
        parameters['use_sim_time'] = get('use_sim_time') == 'true'
        if with_scene_depth(get):
            parameters['depth'] = SCENE_DEPTH
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


def start_web(page, results):
    """Start the web page, which pairs JPEG pictures and results by their stamps."""
    encode = {
        'codec_in_mode': 'shared_mem',
        'codec_out_mode': 'ros',
        'codec_sub_topic': HBM_TOPIC,
        'codec_pub_topic': page['topic'],
        # Ours would be theirs, too, otherwise.
        'log_level': 'warn',
    }
    given = {
        'websocket_image_topic': page['topic'],
        'websocket_image_type': page['type'],
        'websocket_smart_topic': results,
        'log_level': 'warn',
    }
    codec = [include('hobot_codec', 'hobot_codec_encode.launch.py', encode)] if page['codec'] else []
    return codec + [include('websocket', 'websocket.launch.py', given)]


def start_node(get, camera_topic, with_hdmi):
    given = given_parameters(PARAMETERS, get)
    if with_stereonet(get):
        # Another camera's pictures are not those that its depth lies on.
        own = camera_topic is None and not get('images') and not sets_images(parameter_file(get('params_file')))
        stereo = {n: v for n, v in STEREONET.items() if own or n in ('depth', 'depth_info')}
        given = {**stereo, **{name: value for name, value in given.items() if name != 'depth'}}
    if with_scene_depth(get):
        given['depth'] = [TABLES['stand_in_depth_topic']]
    defaults = [{'tros_topic': HDMI_TOPIC, 'tros_masks': 'polygons'}] if with_hdmi else []
    file = parameter_file(get('params_file'))
    known = camera_topic is None or [camera_topic] == PARAMETERS['images']['default']
    if not known and not get('images') and not sets_images(file):
        given['images'] = [camera_topic]
    # Later ones go before earlier ones.
    parameters = defaults + ([file] if file else []) + [{'use_sim_time': get('use_sim_time') == 'true', **given}]
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


def with_stereonet(get):
    return get('depth').strip() == 'stereonet'


def with_scene_depth(get):
    return get('depth').strip() == SCENE_DEPTH


def given_parameters(table, get):
    """Give the parameters that arguments are given for, with the types of the table."""
    given = {name: get(name) for name in table}
    return {name: typed(name, table[name], text) for name, text in given.items() if text != ''}


def typed(name, row, text):
    kind = row['type']
    if kind == 'string_array' and row.get('placed'):
        # launch_ros makes nothing of an empty text; a space is nothing to the node, too.
        return ParameterValue([part.strip() or ' ' for part in text.split(';')], value_type=List[str])
    if kind == 'string_array':
        return ParameterValue(items(text), value_type=List[str])
    if kind == 'integer_array':
        return [integer(name, item) for item in items(text)]
    if kind == 'bool':
        return text == 'true'
    if kind == 'string':
        # launch_ros reads texts as YAML: model_name:=1 would become an integer.
        return ParameterValue(text, value_type=str)
    return {'double': number, 'integer': integer}[kind](name, text)


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
    # The older name counts up to Jazzy, the newer one from Iron on; nobody sets one that his ROS does not know.
    local = os.environ.get('ROS_LOCALHOST_ONLY') == '1' or os.environ.get('ROS_AUTOMATIC_DISCOVERY_RANGE') == 'LOCALHOST'
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
            # Fast DDS up to 2 (Humble, Jazzy) reads the first name, from 3 on (Kilted, Lyrical) the second.
            for name in own_fast[:2]:
                actions.append(SetEnvironmentVariable(name, fast))
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
    path = launch_path(package, file)
    return IncludeLaunchDescription(PythonLaunchDescriptionSource(path), launch_arguments=(arguments or {}).items())


def launch_path(package, file):
    return os.path.join(get_package_share_directory(package), 'launch', file)


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
