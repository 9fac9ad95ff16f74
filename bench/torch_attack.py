"""Projected gradient descent in PyTorch on the exported conv4 encoder: the peer of bench/attack.ts, which starts it.

    python3 bench/torch_attack.py FOLDER

FOLDER holds task.json (shapes, steps, radii), weights.f32 (convolutions and head in order: weight, bias), images.f32, labels.i32 and
gallery.f32. For each radius prints a line of JSON: the radius, [images] whether the answer was changed, seconds.
"""
import json
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F

folder = sys.argv[1]
with open(f"{folder}/task.json") as file:
    task = json.load(file)
torch.set_num_threads(task["threads"])
values = torch.from_numpy(np.fromfile(f"{folder}/weights.f32", dtype="<f4"))
at = 0


def take(shape):
    global at
    size = int(np.prod(shape))
    at += size
    return values[at - size : at].reshape(shape)


weights = [take(shape) for shape in task["weights"]]
images = torch.from_numpy(np.fromfile(f"{folder}/images.f32", dtype="<f4")).reshape(task["images"])
labels = torch.from_numpy(np.fromfile(f"{folder}/labels.i32", dtype="<i4")).long()
gallery = torch.from_numpy(np.fromfile(f"{folder}/gallery.f32", dtype="<f4")).reshape(len(labels), -1)


def embed(x):
    h = (x - task["mean"]) / task["std"]
    for layer in range(4):
        h = F.relu(F.conv2d(h, weights[2 * layer], weights[2 * layer + 1], padding=1))
        if layer < 3:
            h = F.max_pool2d(h, 2)
    return F.normalize(h.flatten(1) @ weights[8].T + weights[9], dim=1)


def margin(h, index):
    """Distance from the critical bisector: nearest rival, and the positive whose bisector with it lies furthest ahead."""
    scores = h @ gallery.T - gallery.square().sum(1) / 2
    own = labels[index][:, None] == labels[None, :]
    itself = index[:, None] == torch.arange(len(labels))[None, :]
    rival = scores.masked_fill(own, -torch.inf).argmax(1)
    ahead = (scores - scores.gather(1, rival[:, None])) / torch.cdist(gallery[rival], gallery).clamp_min(1e-12)
    return ahead.masked_fill(~own | itself, -torch.inf).max(1).values


def attack(radius):
    broken = torch.zeros(len(images), dtype=torch.bool)
    step = 2.5 * radius / task["steps"]
    for first in range(0, len(images), task["batch"]):
        index = torch.arange(first, min(first + task["batch"], len(images)))
        origin = images[index]
        x = origin.clone()
        for taken in range(task["steps"] + 1):
            x.requires_grad_(True)
            value = margin(embed(x), index)
            broken[index] |= value.detach() < 0
            if taken == task["steps"]:
                break
            (gradient,) = torch.autograd.grad(value.sum(), x)
            with torch.no_grad():
                norm = gradient.flatten(1).norm(dim=1).clamp_min(1e-30)[:, None, None, None]
                x = x - step * gradient / norm
                change = x - origin
                length = change.flatten(1).norm(dim=1)[:, None, None, None]
                x = origin + change * (radius / length.clamp_min(radius))
    return broken


for radius in task["radii"]:
    start = time.perf_counter()
    broken = attack(radius)
    print(json.dumps({"radius": radius, "broken": broken.int().tolist(), "seconds": time.perf_counter() - start}), flush=True)
