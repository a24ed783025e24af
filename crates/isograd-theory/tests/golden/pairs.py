"""Golden values of E[phi(x1) phi(x2)] and E[phi'(x1) phi'(x2)], to about 13 digits.

    python pairs.py > pairs.csv        (no dependencies but mpmath 1.3.0 for the nodes; minutes)

x1, x2 ~ N(mean, variance) with the given correlation. The integral is taken in conditional form
(x1, then x2 given x1), not in the rotated coordinates of the library, in double precision with
exactly rounded sums, on pieces cut at the kinks.
"""

import math

import mpmath as mp

mp.mp.dps = 30
N = 32


def legendre(n):
    """Nodes and weights by Newton's method on the three-term recurrence."""

    def value(t):
        before, here = mp.mpf(1), t
        for k in range(2, n + 1):
            before, here = here, ((2 * k - 1) * t * here - (k - 1) * before) / k
        return here, n * (t * here - before) / (t * t - 1)

    rule = []
    for i in range(n):
        x = mp.cos(mp.pi * (i + mp.mpf(3) / 4) / (n + mp.mpf(1) / 2))
        for _ in range(8):
            p, slope = value(x)
            x -= p / slope
        slope = value(x)[1]
        rule.append((float(x), float(2 / ((1 - x * x) * slope * slope))))
    return rule


RULE = legendre(N)


def sigma(x):
    return 1 / (1 + math.exp(-x)) if x > 0 else math.exp(x) / (1 + math.exp(x))


def softplus(x):
    return max(x, 0.0) + math.log1p(math.exp(-abs(x)))


def pdf(z):
    return math.exp(-z * z / 2) / math.sqrt(2 * math.pi)


def cdf(z):
    return math.erfc(-z / math.sqrt(2)) / 2


def leaky(a):
    return (lambda x: x if x > 0 else a * x), (lambda x: 1.0 if x > 0 else a), [0.0]


def elu(scale, a):
    return (
        lambda x: scale * x if x > 0 else scale * a * math.expm1(x),
        lambda x: scale if x > 0 else scale * a * math.exp(x),
        [0.0],
    )


def mish_slope(x):
    t = math.tanh(softplus(x))
    return t + x * (1 - t * t) * sigma(x)


TABLE = {
    "linear": (lambda x: x, lambda x: 1.0, []),
    "sigmoid": (sigma, lambda x: sigma(x) * sigma(-x), []),
    "hard_sigmoid": (
        lambda x: min(1.0, max(0.0, x / 5 + 0.5)),
        lambda x: 0.2 if abs(x) < 2.5 else 0.0,
        [-2.5, 2.5],
    ),
    "tanh": (math.tanh, lambda x: 1 / math.cosh(x) ** 2, []),
    "softsign": (lambda x: x / (1 + abs(x)), lambda x: 1 / (1 + abs(x)) ** 2, [0.0]),
    "softplus": (softplus, sigma, []),
    "relu": leaky(0.0),
    "leaky_relu": leaky(0.25),
    "elu": elu(1.0, 1.0),
    "selu": elu(1.0507009873554804934193349852946, 1.6732632423543772848170429916717),
    "gelu": (lambda x: x * cdf(x), lambda x: cdf(x) + x * pdf(x), []),
    "silu": (lambda x: x * sigma(x), lambda x: sigma(x) + x * sigma(x) * sigma(-x), []),
    "mish": (lambda x: x * math.tanh(softplus(x)), mish_slope, []),
    "exponential": (math.exp, math.exp, []),
}


def integrate(f, end, extra):
    points = [float(k) for k in range(-end, end + 1)]
    points = sorted(set(points + [p for p in extra if -end < p < end]))
    return math.fsum(
        (b - a) / 2 * w * f((a + b) / 2 + (b - a) / 2 * x)
        for a, b in zip(points, points[1:])
        for x, w in RULE
    )


def pair(f, mean, sd, c, kinks):
    r = math.sqrt(1 - c * c)
    at = [(k - mean) / sd for k in kinks]

    def inner(z1):
        return integrate(
            lambda z: f(mean + sd * (c * z1 + r * z)) * pdf(z), 11, [(k - c * z1) / r for k in at]
        )

    near = [k / c + j * r / abs(c) for k in at for j in (-8, -4, -2, -1, 0, 1, 2, 4, 8)]
    return integrate(lambda z: f(mean + sd * z) * inner(z) * pdf(z), 13, at + near)


PAIRS = [(0, 1, 0.3), (0, 1, -0.5), (0, 2, 0.95), (-1, 1.5, 0.6)]

if __name__ == "__main__":
    print("activation,mean,variance,correlation,product,slope_product")
    for name, (f, g, kinks) in TABLE.items():
        for mean, variance, c in PAIRS:
            sd = math.sqrt(variance)
            values = [pair(h, mean, sd, c, kinks) for h in (f, g)]
            print(f"{name},{mean},{variance},{c},{values[0]:.15g},{values[1]:.15g}", flush=True)
