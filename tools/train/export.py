"""Writes the network as ONNX with the metadata that Ultralytics' exports carry."""

import argparse
import json

import onnx
import torch

from data import SceneData
from network import STRIDES, Export, Network

OPSET = 11  # the newest that D-Robotics' X3 and X5 tool chains accept


def export(network: Network, data: SceneData, file: str) -> None:
    example = torch.zeros(1, 3, data.height, data.width)
    torch.onnx.export(
        Export(network.eval()),
        (example,),
        file,
        opset_version=OPSET,
        input_names=["images"],
        output_names=Export.names,
        dynamo=False,
    )
    model = onnx.load(file)
    metadata = {
        "description": "Demo network of tros_yolo_seg, trained on generated scenes",
        "license": "Apache-2.0",
        "task": "segment",
        "stride": str(max(STRIDES)),
        "batch": "1",
        "imgsz": json.dumps([data.height, data.width]),
        "names": str(dict(enumerate(data.classes))),
    }
    onnx.helper.set_model_props(model, metadata)
    onnx.checker.check_model(model)
    onnx.save(model, file)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", help="folder written by scenes.ts, for size and class names")
    parser.add_argument("weights", help=".pt file that train.py wrote")
    parser.add_argument("model", help="ONNX file to write")
    options = parser.parse_args()
    data = SceneData(options.data)
    network = Network(len(data.classes))
    network.load_state_dict(torch.load(options.weights))
    export(network, data, options.model)


if __name__ == "__main__":
    main()
