"""Randomised smoothing as it is usually written in PyTorch: randn, model, sum. Started by torch.ts.

    python3 bench/torch_loop.py ARCHITECTURE THREADS

Prints one line when ready; then reads a number of samples per line and prints the seconds that they took. Weights are
random: only the time counts. float32, channels_last, inference_mode, no Python work per image; the noise is drawn into a
buffer that is reused, and the batch is the fastest of several.
"""
import sys
import time

import torch
import torch.nn as nn


def block(inputs, outputs, kernel, stride=1, groups=1, act=nn.ReLU):
    conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False)
    return [conv, nn.BatchNorm2d(outputs)] + ([act()] if act else [])


class Conv4(nn.Module):
    """The 28 x 28 encoder of bench/models/omniglot-conv4."""

    def __init__(self, dim=128):
        super().__init__()
        layers, last = [], 1
        for i, width in enumerate((48, 96, 128, 128)):
            layers += [nn.Conv2d(last, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU()]
            if i < 3:
                layers.append(nn.MaxPool2d(2))
            last = width
        self.body, self.head = nn.Sequential(*layers), nn.Linear(128 * 9, dim)

    def forward(self, x):
        return self.head(torch.flatten(self.body(x), 1))


def mobilenet(alpha, last_pointwise):
    """MobileNet v1 without its classifier; `last_pointwise` False: cut after the last depthwise layer."""
    width = lambda n: int(n * alpha)
    layers, last = block(3, width(32), 3, 2, act=nn.ReLU6), width(32)
    plan = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)] + [(512, 1)] * 5 + [(1024, 2), (1024, 1)]
    for i, (outputs, stride) in enumerate(plan):
        layers += block(last, last, 3, stride, groups=last, act=nn.ReLU6)
        if i + 1 < len(plan) or last_pointwise:
            layers += block(last, width(outputs), 1, act=nn.ReLU6)
            last = width(outputs)
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten())


class Bottleneck(nn.Module):
    def __init__(self, inputs, width, stride):
        super().__init__()
        outputs = 4 * width
        self.body = nn.Sequential(
            *block(inputs, width, 1), *block(width, width, 3, stride), *block(width, outputs, 1, act=None)
        )
        self.skip = nn.Sequential(*block(inputs, outputs, 1, stride, act=None)) if inputs != outputs else nn.Identity()

    def forward(self, x):
        return torch.relu_(self.body(x) + self.skip(x))


def resnet50():
    layers, last = [*block(3, 64, 7, 2), nn.MaxPool2d(3, 2, 1)], 64
    for width, depth, stride in ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2)):
        for i in range(depth):
            layers.append(Bottleneck(last, width, stride if i == 0 else 1))
            last = 4 * width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten())


ARCHITECTURES = {
    "conv4": (Conv4, (1, 28, 28)),
    "mobilenet-0.25": (lambda: mobilenet(0.25, True), (3, 224, 224)),
    "mobilenet-1.0": (lambda: mobilenet(1.0, False), (3, 224, 224)),
    "resnet50": (resnet50, (3, 224, 224)),
}


class Loop:
    def __init__(self, model, shape, batch, sigma=0.25):
        channels, height, width = shape
        self.model, self.batch, self.sigma = model, batch, sigma
        self.image = torch.rand(1, channels, height, width).to(memory_format=torch.channels_last)
        # contiguous memory seen as channels_last: the fast path of normal_
        self.noise = torch.empty(batch, height, width, channels)
        self.view = self.noise.permute(0, 3, 1, 2)

    def run(self, samples):
        total = 0
        for _ in range(samples // self.batch):
            self.noise.normal_(0, self.sigma)
            total = total + self.model(self.view.add_(self.image)).sum(0)
        return total

    def seconds(self, samples):
        start = time.perf_counter()
        with torch.inference_mode():
            self.run(samples)
        return time.perf_counter() - start


def main():
    build, shape = ARCHITECTURES[sys.argv[1]]
    threads = int(sys.argv[2])
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    model = build().eval().to(memory_format=torch.channels_last)
    best = None
    for batch in (1, 2, 4, 8, 16, 32, 64, 128):
        loop = Loop(model, shape, batch)
        loop.seconds(batch)
        once = loop.seconds(batch)
        rounds = max(1, int(0.3 / once))
        each = min(loop.seconds(rounds * batch), loop.seconds(rounds * batch)) / (rounds * batch)
        if best is None or each < best[0]:
            best = (each, loop)
        if once > 1.5:
            break
    loop = best[1]
    print(f"PyTorch {torch.__version__}, {threads} threads, channels_last, batch {loop.batch}", flush=True)
    for line in sys.stdin:
        samples = int(line)
        rounded = max(loop.batch, samples // loop.batch * loop.batch)
        print(loop.seconds(rounded) * samples / rounded, flush=True)


main()
