"""Trains the Omniglot encoder of bench/models/omniglot-conv4: four convolutions, margin loss, Gaussian augmentation.

    python3 bench/omniglot/train.py --data DIR_WITH_THE_TWO_ZIPS --out DIR [--sigma 0.25] [--steps 4000]

Trained on the alphabets of images_background_small2.zip (every character in four rotations, each its own class);
evaluated, leave-one-out, on the alphabets of small1 that small2 lacks: Balinese, Early Aramaic, Korean.
Needs PyTorch, Pillow and numpy. Pixels are in [0,1]; sigma is in those units; noise is drawn anew for every image.
"""
import argparse, io, json, math, os, zipfile
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from PIL import Image

UNSEEN = ("Balinese", "Early_Aramaic", "Korean")


def load(path, keep):
    classes = {}
    with zipfile.ZipFile(path) as archive:
        for name in sorted(archive.namelist()):
            if not name.endswith(".png"):
                continue
            _, alphabet, character, _ = name.split("/")
            if not keep(alphabet):
                continue
            image = Image.open(io.BytesIO(archive.read(name))).convert("L").resize((28, 28), Image.BILINEAR)
            classes.setdefault((alphabet, character), []).append(np.asarray(image, np.float32) / 255)
    return np.stack([np.stack(v) for _, v in sorted(classes.items())])  # classes, 20, 28, 28


class Conv4(nn.Module):
    def __init__(self, dim=128):
        super().__init__()
        widths, layers, last = (48, 96, 128, 128), [], 1
        for i, width in enumerate(widths):
            layers += [nn.Conv2d(last, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU()]
            if i < 3:
                layers.append(nn.MaxPool2d(2))
            last = width
        self.body, self.head = nn.Sequential(*layers), nn.Linear(128 * 9, dim)

    def forward(self, x):
        h = self.head(torch.flatten(self.body(x), 1))
        return h / torch.sqrt((h * h).sum(1, keepdim=True) + 1e-12)


def distance_weighted(distance, same, dim, cutoff=0.5, limit=1.4):
    """One negative per (anchor, positive) pair, drawn with probability 1/q(d), in logs, per anchor."""
    d = distance.clamp(min=cutoff)
    log_w = (2 - dim) * d.log() - (dim - 3) / 2 * torch.log((1 - 0.25 * d * d).clamp(min=1e-8))
    log_w = log_w.masked_fill(same | (distance > limit), -math.inf)
    weight = torch.softmax(log_w, 1)
    return torch.nan_to_num(weight)


def recall(model, x, sigma, device):
    with torch.no_grad():
        classes, per, h, w = x.shape
        flat = x.reshape(-1, 1, h, w).to(device)
        e = model((flat + sigma * torch.randn_like(flat) - 0.5) / 0.5)
        score = e @ e.T
        score.fill_diagonal_(-9)
        labels = torch.arange(classes, device=device).repeat_interleave(per)
        return (labels[score.argmax(1)] == labels).float().mean().item()


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--data", required=True)
    p.add_argument("--out", required=True)
    p.add_argument("--sigma", type=float, default=0.25)
    p.add_argument("--steps", type=int, default=4000)
    p.add_argument("--seed", type=int, default=0)
    a = p.parse_args()
    torch.manual_seed(a.seed)
    rng = np.random.default_rng(a.seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    train = load(os.path.join(a.data, "images_background_small2.zip"), lambda alphabet: True)
    test = load(os.path.join(a.data, "images_background_small1.zip"), lambda alphabet: alphabet in UNSEEN)
    train = np.concatenate([np.rot90(train, k, (2, 3)) for k in range(4)])
    pool, unseen = torch.tensor(train.copy()).to(device), torch.tensor(test)
    print(pool.shape, unseen.shape, device, flush=True)

    model, beta = Conv4().to(device), nn.Parameter(torch.tensor(1.2, device=device))
    optimiser = torch.optim.AdamW([{"params": model.parameters(), "lr": 2e-3, "weight_decay": 1e-3}, {"params": [beta], "lr": 5e-4, "weight_decay": 0}])
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, [2e-3, 5e-4], total_steps=a.steps, pct_start=0.1)
    per, classes, gamma = 6, 24, 0.2
    for step in range(a.steps):
        model.train()
        c = torch.tensor(rng.choice(len(pool), classes, replace=False), device=device)
        i = torch.tensor(np.stack([rng.choice(20, per, replace=False) for _ in range(classes)]), device=device)
        x = pool[c[:, None], i].reshape(-1, 1, 28, 28)
        # a small random affine warp, white outside
        n = len(x)
        angle, scale = (torch.rand(n, device=device) - 0.5) * 0.5, 1 + (torch.rand(n, device=device) - 0.5) * 0.3
        shift, shear = (torch.rand(n, 2, device=device) - 0.5) * 0.2, (torch.rand(n, device=device) - 0.5) * 0.3
        theta = torch.stack([torch.stack([angle.cos() * scale, -angle.sin() + shear, shift[:, 0]], 1), torch.stack([angle.sin(), angle.cos() * scale, shift[:, 1]], 1)], 1)
        x = 1 - F.grid_sample(1 - x, F.affine_grid(theta, x.shape, align_corners=False), align_corners=False)
        x = x + a.sigma * torch.randn_like(x)
        e = model((x - 0.5) / 0.5)
        label = torch.arange(classes, device=device).repeat_interleave(per)
        distance = torch.sqrt((2 - 2 * e @ e.T).clamp(min=1e-6))
        same = label[:, None] == label[None]
        weight = distance_weighted(distance.detach(), same, 128)
        ok = weight.sum(1) > 0
        loss_sum, count = 0.0, 0.0
        negative = torch.multinomial(weight + (~ok)[:, None] * 1e-9, per - 1, replacement=True)
        positive_mask = same & ~torch.eye(n, dtype=torch.bool, device=device)
        d_pos = distance[positive_mask].reshape(n, per - 1)
        d_neg = distance.gather(1, negative)
        pos, neg = F.relu(d_pos - beta + gamma), F.relu(beta - d_neg + gamma) * ok[:, None]
        active = (pos > 0).sum() + (neg > 0).sum()
        loss = (pos.sum() + neg.sum()) / active.clamp(min=1)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        if step % 500 == 499:
            model.eval()
            print(step + 1, f"loss {loss.item():.4f} beta {beta.item():.3f} clean {recall(model, unseen, 0, device):.4f} noisy {recall(model, unseen, a.sigma, device):.4f}", flush=True)

    os.makedirs(a.out, exist_ok=True)
    model = model.eval().cpu()
    options = {"dynamo": False} if int(torch.__version__.split(".")[0]) >= 2 else {}
    torch.onnx.export(model, torch.zeros(2, 1, 28, 28), os.path.join(a.out, "model.onnx"), input_names=["image"], output_names=["embedding"], dynamic_axes={"image": {0: "batch"}, "embedding": {0: "batch"}}, opset_version=17 if options else 16, **options)
    config = {"do_resize": True, "size": {"height": 28, "width": 28}, "resample": 2, "do_center_crop": False, "do_rescale": True, "rescale_factor": 1 / 255, "do_normalize": True, "image_mean": [0.5], "image_std": [0.5]}
    json.dump(config, open(os.path.join(a.out, "preprocessor_config.json"), "w"), indent=2)
    json.dump({"sigma": a.sigma, "dimension": 128, "loss": "margin", "steps": a.steps, "seed": a.seed, "data": "Omniglot images_background_small2 (Greek, Japanese (katakana), Latin, Sanskrit, Tagalog), four rotations", "recipe": "bench/omniglot/train.py"}, open(os.path.join(a.out, "retrievalguard.json"), "w"), indent=2)


main()
