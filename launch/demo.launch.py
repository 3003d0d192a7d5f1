"""Shows it all without a camera: generated scenes, the node with the demo model, and rviz2 where it is installed."""

import json
import os

from ament_index_python.packages import PackageNotFoundError, get_package_share_directory
from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription, LogInfo, OpaqueFunction
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node


# Made from src/parameters/ by `npm run docs`.
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'parameters.json'), encoding='utf8') as stream:
    PARAMETERS = json.load(stream)['parameters']


def generate_launch_description():
    share = get_package_share_directory('tros_yolo_seg')
    segment = IncludeLaunchDescription(
        PythonLaunchDescriptionSource(os.path.join(share, 'launch', 'segment.launch.py')),
        launch_arguments={
            'camera': 'stand-in',
            'inputs': 'scene:',
            'size': LaunchConfiguration('size'),
            'rate': LaunchConfiguration('rate'),
            'model': LaunchConfiguration('model'),
            'score': LaunchConfiguration('score'),
            'message': LaunchConfiguration('message'),
            'depth': LaunchConfiguration('depth'),
            'log_level': LaunchConfiguration('log_level'),
        }.items(),
    )
    return LaunchDescription(
        [
            DeclareLaunchArgument('size', default_value='1280x720', description='WxH of the scenes'),
            DeclareLaunchArgument('rate', default_value='15.0', description=PARAMETERS['camera']['rate']['help']),
            *(
                DeclareLaunchArgument(name, default_value=default, description=PARAMETERS['segment'][name]['help'])
                for name, default in {'model': '', 'score': '0.4'}.items()
            ),
            DeclareLaunchArgument(
                'message',
                default_value=PARAMETERS['camera']['message']['default'],
                description=PARAMETERS['camera']['message']['help'],
                choices=PARAMETERS['camera']['message']['choices'],
            ),
            DeclareLaunchArgument(
                'depth',
                default_value='',
                description=f'{PARAMETERS["segment"]["depth"]["help"]}. scene: the exact depth of the generated scenes',
                choices=['', 'scene'],
            ),
            DeclareLaunchArgument('log_level', default_value='info', description='debug, info, warn, error or fatal'),
            DeclareLaunchArgument(
                'rviz',
                default_value='auto',
                description='whether to open rviz2; auto: where it is installed and there is a display',
                choices=['auto', 'true', 'false'],
            ),
            segment,
            OpaqueFunction(function=view, args=[share]),
        ]
    )


def view(context, share):
    wanted = LaunchConfiguration('rviz').perform(context)
    try:
        get_package_share_directory('rviz2')
        missing = None if os.environ.get('DISPLAY') or os.environ.get('WAYLAND_DISPLAY') else 'a display'
    except PackageNotFoundError:
        missing = 'rviz2'
    if wanted == 'false':
        return []
    if wanted == 'auto' and missing:
        return [
            LogInfo(
                msg=f'tros_yolo_seg: no {missing}, so no rviz. The overlay is on /segment/overlay/compressed; '
                f'Foxglove shows all with {os.path.join(share, "rviz", "foxglove.json")}'
            )
        ]
    with_depth = LaunchConfiguration('depth').perform(context) != ''
    config = os.path.join(share, 'rviz', 'depth.rviz' if with_depth else 'segment.rviz')
    rviz = Node(package='rviz2', executable='rviz2', name='rviz2', arguments=['-d', config], output='screen')
    return [rviz, upright()] if with_depth else [rviz]


def upright():
    """Give the transform that depth.rviz asks for: from the stand-in's optical frame (z forward) to one whose z points up."""
    turned = ['--frame-id', 'camera_link', '--child-frame-id', 'camera', '--roll', '-1.5708', '--yaw', '-1.5708']
    return Node(package='tf2_ros', executable='static_transform_publisher', arguments=turned, output='screen')
