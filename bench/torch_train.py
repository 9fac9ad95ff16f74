"""Training steps in PyTorch, of a network that networks described by bench/training/. Started by training/torch.ts.

    python3 bench/torch_train.py FOLDER STYLE MODE THREADS

FOLDER holds network.json (layers) and weights.f32 (all parameters in order, float32). STYLE 'plain': as people run it, NCHW,
batch normalisation as modules in evaluation mode. STYLE 'tuned': batch normalisation folded into the convolutions,
channels_last. MODE 'step': forward, backward, Adam. MODE 'input': the gradient of the images only.

Prints a line when ready; then per line with a number of steps, one of JSON: seconds, CPU seconds, the last loss, peak memory.
"""
import json
import resource
import sys
import time

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

EPSILON = 1e-5


class Residual(nn.Module):
    def __init__(self, body, skip):
        super().__init__()
        self.body, self.skip = body, skip

    def forward(self, x):
        return F.relu(self.body(x) + self.skip(x), inplace=True)


class Builder:
    """Takes parameters from the file in the order of the layers."""

    def __init__(self, values, tuned):
        self.values, self.at, self.tuned = torch.from_numpy(values), 0, tuned

    def take(self, *shape):
        size = int(np.prod(shape))
        self.at += size
        return self.values[self.at - size : self.at].reshape(shape).clone()

    def sequence(self, layers):
        return nn.Sequential(*[module for layer in layers for module in self.modules(layer)])

    def modules(self, layer):
        op = layer["op"]
        if op == "conv":
            return self.conv(layer)
        if op == "pool":
            return [nn.MaxPool2d(layer["size"], layer["stride"], layer["pad"])]
        if op == "mean":
            return [nn.AdaptiveAvgPool2d(1), nn.Flatten()]
        if op == "flatten":
            return [nn.Flatten()]
        if op == "dense":
            dense = nn.Linear(layer["inputs"], layer["outputs"])
            dense.weight.data = self.take(layer["outputs"], layer["inputs"])
            dense.bias.data = self.take(layer["outputs"])
            return [dense]
        return [Residual(self.sequence(layer["body"]), self.sequence(layer["skip"]))]

    def conv(self, layer):
        inputs, outputs, size, group = layer["inputs"], layer["outputs"], layer["size"], layer["group"]
        weight = self.take(outputs, inputs // group, size, size)
        # batch normalisation: scale, bias, mean, variance; otherwise the bias
        vectors = self.take(4, outputs) if layer["norm"] else self.take(outputs)
        fold = layer["norm"] and self.tuned
        conv = nn.Conv2d(inputs, outputs, size, layer["stride"], size // 2, groups=group, bias=fold or not layer["norm"])
        conv.weight.data = weight
        modules = [conv]
        if fold:
            scale = vectors[0] / torch.sqrt(vectors[3] + EPSILON)
            conv.weight.data = weight * scale[:, None, None, None]
            conv.bias.data = vectors[1] - vectors[2] * scale
            conv.bias.requires_grad = False
        elif layer["norm"]:
            norm = nn.BatchNorm2d(outputs, eps=EPSILON)
            norm.weight.data, norm.bias.data, norm.running_mean, norm.running_var = vectors
            norm.weight.requires_grad = norm.bias.requires_grad = False
            modules.append(norm.eval())
        else:
            conv.bias.data = vectors
        if layer["act"] == "relu":
            modules.append(nn.ReLU(inplace=True))
        if layer["act"] == "relu6":
            modules.append(nn.ReLU6(inplace=True))
        return modules


def main():
    folder, style, mode, threads = sys.argv[1:]
    torch.set_num_threads(int(threads))
    with open(f"{folder}/network.json") as file:
        network = json.load(file)
    tuned = style == "tuned"
    builder = Builder(np.fromfile(f"{folder}/weights.f32", dtype=np.float32), tuned)
    model = builder.sequence(network["layers"])
    assert builder.at == len(builder.values)
    images = torch.from_numpy(np.fromfile(f"{folder}/images.f32", dtype=np.float32)).reshape(network["images"])
    targets = torch.from_numpy(np.fromfile(f"{folder}/targets.f32", dtype=np.float32)).reshape(network["targets"])
    if tuned:
        model = model.to(memory_format=torch.channels_last)
        images = images.to(memory_format=torch.channels_last)
    if mode == "input":
        model.requires_grad_(False)
        images.requires_grad_(True)
    else:
        optimiser = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=network["rate"])

    def step():
        loss = (model(images) - targets).square().sum() / len(targets)
        if mode == "input":
            images.grad = None
        else:
            optimiser.zero_grad(set_to_none=True)
        loss.backward()
        if mode == "step":
            optimiser.step()
        return loss.item()

    print(f"PyTorch {torch.__version__}, {torch.get_num_threads()} threads", flush=True)
    for line in sys.stdin:
        start, work = time.perf_counter(), time.process_time()
        for _ in range(int(line)):
            loss = step()
        result = {"seconds": time.perf_counter() - start, "work": time.process_time() - work, "loss": loss}
        if mode == "input":
            result["norm"] = float(images.grad.double().square().sum().sqrt())
        result["peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        print(json.dumps(result), flush=True)


main()
