"""The small parts of HY-Motion's network; attribute names are those of published weights."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional


class RMSNorm(nn.Module):
    """Numbers over their root mean square, in float32, times a weight."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        whole = x.float()
        return (whole * torch.rsqrt(whole.square().mean(dim=-1, keepdim=True) + 1e-6)).to(x) * self.weight


class MLP(nn.Module):
    """Two linear layers around an activation."""

    def __init__(self, width: int, hidden: int, activation: str) -> None:
        super().__init__()
        self.fc1, self.fc2, self.activation = nn.Linear(width, hidden), nn.Linear(hidden, width), activation

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(activate(self.fc1(x), self.activation))


def activate(x: Tensor, name: str) -> Tensor:
    return functional.silu(x) if name == "silu" else functional.gelu(x, approximate="tanh")


class Linears(nn.Module):
    """Linear, SiLU, linear: published as `linears` (sentences) or `blocks` (time)."""

    def __init__(self, name: str, inputs: int, width: int) -> None:
        super().__init__()
        self.name = name
        self.add_module(name, nn.Sequential(nn.Linear(inputs, width), nn.SiLU(), nn.Linear(width, width)))

    def forward(self, x: Tensor) -> Tensor:
        made: Tensor = getattr(self, self.name)(x)
        return made


class Modulation(nn.Module):
    """What a condition [batch, 1, width] does to a layer: so many vectors [batch, 1, width] of shifts, scales, gates."""

    def __init__(self, width: int, count: int) -> None:
        super().__init__()
        self.linear, self.count = nn.Linear(width, count * width), count

    def forward(self, condition: Tensor) -> tuple[Tensor, ...]:
        return self.linear(functional.silu(condition)).chunk(self.count, dim=-1)


def modulated(x: Tensor, shift: Tensor, scale: Tensor) -> Tensor:
    """A layer norm without weights, shifted and scaled."""
    return functional.layer_norm(x, x.shape[-1:], eps=1e-6) * (1 + scale) + shift


def attend(query: Tensor, key: Tensor, value: Tensor, seen: Tensor) -> Tensor:
    """Attention of [batch, tokens, heads, width] where `seen` [batch, 1, tokens, tokens] is True."""
    query, key, value = (part.transpose(1, 2) for part in (query, key, value))
    mixed = functional.scaled_dot_product_attention(query, key, value, attn_mask=seen)
    return mixed.transpose(1, 2).flatten(-2)


class Rotary:
    """Rotary places of the first tokens of a sequence; those behind them have none."""

    def __init__(self, places: Tensor, width: int) -> None:
        """Args:
        places: [tokens] float.
        """
        frequency = 10_000.0 ** (-torch.arange(0, width, 2, dtype=torch.float32) / width)
        angle = torch.outer(places, frequency.to(places))
        self.count, self.cos, self.sin = len(places), angle.cos()[:, None], angle.sin()[:, None]

    def __call__(self, x: Tensor) -> Tensor:
        """[batch, tokens, heads, width]: neighbouring numbers turn together."""
        one, two = x[:, : self.count].float().unflatten(-1, (-1, 2)).unbind(-1)
        turned = torch.stack((one * self.cos - two * self.sin, two * self.cos + one * self.sin), dim=-1)
        return torch.cat((turned.flatten(-2).to(x), x[:, self.count :]), dim=1)


def sinusoids(values: Tensor, width: int) -> Tensor:
    """Cosines, then sines, [batch, width] of values [batch]."""
    half = width // 2
    frequency = torch.exp(
        -math.log(10_000.0) * torch.arange(half, dtype=torch.float32, device=values.device) / half
    )
    angle = values[:, None].float() * frequency
    return torch.cat((angle.cos(), angle.sin()), dim=-1)
