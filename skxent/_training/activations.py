"""The activations of hidden layers: their names, formulas and the gain their initial weights want.

The arithmetic of value and derivative is the kernel's; this registry says which names exist.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Activation:
    """A formula, and the ``gain`` g that He-type weights of variance g² / fan_in want."""

    formula: str
    gain: float


# Gains: He et al. (2015) for the rectifiers, Glorot & Bengio (2010) for the sigmoids, Klambauer et
# al. (2017) for selu; the smooth rectifiers (gelu, silu, mish) take the rectifier's.
ACTIVATIONS: dict[str, Activation] = {
    "identity": Activation("z", 1.0),
    "logistic": Activation("1 / (1 + exp(-z))", 1.0),
    "tanh": Activation("tanh(z)", 1.0),
    "relu": Activation("max(0, z)", 2**0.5),
    "leaky_relu": Activation("z if z > 0 else 0.01 z", 2**0.5),
    "elu": Activation("z if z > 0 else exp(z) - 1", 2**0.5),
    "selu": Activation("1.0507 (z if z > 0 else 1.6733 (exp(z) - 1))", 1.0),
    "gelu": Activation("z Phi(z), Phi the standard normal distribution function", 2**0.5),
    "silu": Activation("z / (1 + exp(-z))", 2**0.5),
    "mish": Activation("z tanh(log(1 + exp(z)))", 2**0.5),
    "softplus": Activation("log(1 + exp(z))", 1.0),
}
