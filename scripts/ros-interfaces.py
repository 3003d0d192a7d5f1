"""Parses .msg, .srv and .action files for ros-rclnodejs.mjs: one line of JSON in, one line of JSON out.

    argv[1]     rclnodejs's own parser.py, whose conversion to JSON is used
    in          [command, package, file]
    out         {"json": TEXT} or {"error": TEXT}

rclnodejs starts one Python for each file, all at the same time: hundreds of them where TROS is
installed. This is one for all.
"""

import importlib.util
import json
import sys

from rosidl_adapter import parser

spec = importlib.util.spec_from_file_location('rclnodejs_parser', sys.argv[1])
convert = importlib.util.module_from_spec(spec)
spec.loader.exec_module(convert)


def parse(command, package, file):
    parsed = getattr(parser, command)(package, file)
    message = convert.get_json_object_from_msg_spec_object
    if command == 'parse_message_file':
        return message(parsed)
    parts = {
        'parse_service_file': ('srv_name', 'srvName', ('request', 'response')),
        'parse_action_file': ('action_name', 'actionName', ('goal', 'result', 'feedback')),
    }
    attribute, key, members = parts[command]
    result = {'pkgName': parsed.pkg_name, key: getattr(parsed, attribute)}
    for member in members:
        result[member] = message(getattr(parsed, member))
    return result


for line in sys.stdin:
    try:
        answer = {'json': json.dumps(parse(*json.loads(line)))}
    except Exception as error:  # whatever is wrong with one file is reported for that file
        answer = {'error': f'{type(error).__name__}: {error}'}
    print(json.dumps(answer), flush=True)
