"""Trains the demo network on generated scenes and exports it. See README.md for the commands."""

import argparse
import time
from pathlib import Path

import torch
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from data import TrainingData
from export import export
from loss import Loss
from network import Network


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", help="folder written by scenes.ts")
    parser.add_argument("model", help="ONNX file to write; weights are kept beside it as .pt")
    parser.add_argument("--epochs", type=float, default=8)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--rate", type=float, default=2e-3, help="highest learning rate")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--weights", help=".pt file of an earlier run to go on from")
    return parser.parse_args()


def main():
    options = parse()
    torch.manual_seed(options.seed)
    torch.set_num_threads(options.threads)
    data = TrainingData(options.data, options.seed)
    network = Network(len(data.classes)).to(memory_format=torch.channels_last)
    if options.weights:
        network.load_state_dict(torch.load(options.weights))
    average = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(0.998), use_buffers=True)
    loss = Loss(data.height, data.width)

    kernels = [p for p in network.parameters() if p.ndim > 1]
    others = [p for p in network.parameters() if p.ndim <= 1]
    optimizer = torch.optim.AdamW(
        [{"params": kernels, "weight_decay": 0.02}, {"params": others, "weight_decay": 0}],
        lr=options.rate,
    )
    steps = int(options.epochs * (data.frames // options.batch))
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, options.rate, total_steps=steps, pct_start=0.1, cycle_momentum=False
    )

    started, step, sums = time.time(), 0, {}
    while step < steps:
        for batch in data.epoch(options.batch):
            images = batch.images.contiguous(memory_format=torch.channels_last)
            with torch.autocast("cpu", dtype=torch.bfloat16):
                outputs = network(images)
            terms = loss(outputs, batch)
            optimizer.zero_grad(set_to_none=True)
            sum(terms.values()).backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 10)
            optimizer.step()
            schedule.step()
            average.update_parameters(network)
            step += 1
            for name, value in terms.items():
                sums[name] = sums.get(name, 0) + value.item() / 100
            if step % 100 == 0:
                shown = " ".join(f"{name} {value:.3f}" for name, value in sums.items())
                print(f"{step}/{steps} {time.time() - started:.0f} s {shown}", flush=True)
                sums = {}
            if step % 500 == 0 or step == steps:
                torch.save(average.module.state_dict(), Path(options.model).with_suffix(".pt"))
            if step == steps:
                break
    export(average.module, data, options.model)


if __name__ == "__main__":
    main()
