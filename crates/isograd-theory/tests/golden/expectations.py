"""Golden values of Gaussian expectations of activations, to 18 digits.

    python expectations.py > expectations.csv        (mpmath 1.3.0, some minutes)

Written independently of the Rust code, in arbitrary precision, by tanh-sinh quadrature.
"""

import mpmath as mp

mp.mp.dps = 22
LAMBDA = mp.mpf("1.0507009873554804934193349852946")
ALPHA = mp.mpf("1.6732632423543772848170429916717")


def sigma(x):
    return 1 / (1 + mp.e ** (-x))


def linear_pieces(slope):
    return (lambda x: x if x > 0 else slope * x), (lambda x: mp.mpf(1) if x > 0 else slope)


def elu(scale, alpha):
    return (
        lambda x: scale * x if x > 0 else scale * alpha * mp.expm1(x),
        lambda x: scale if x > 0 else scale * alpha * mp.exp(x),
    )


def celu(alpha):
    return (
        lambda x: x if x > 0 else alpha * mp.expm1(x / alpha),
        lambda x: mp.mpf(1) if x > 0 else mp.exp(x / alpha),
    )


def scaled_tanh(output, scale):
    return (
        lambda x: output * mp.tanh(scale * x),
        lambda x: output * scale * mp.sech(scale * x) ** 2,
        [],
    )


def mish(x):
    return x * mp.tanh(mp.log1p(mp.exp(x)))


def mish_slope(x):
    t = mp.tanh(mp.log1p(mp.exp(x)))
    return t + x * (1 - t * t) * sigma(x)


def hard(x):
    return min(mp.mpf(1), max(mp.mpf(0), x / 5 + mp.mpf(1) / 2))


HALF5 = mp.mpf(5) / 2
# name: value, derivative, kinks
TABLE = {
    "linear": (lambda x: x, lambda x: mp.mpf(1), []),
    "sigmoid": (sigma, lambda x: sigma(x) * sigma(-x), []),
    "hard_sigmoid": (hard, lambda x: mp.mpf(1) / 5 if abs(x) < HALF5 else mp.mpf(0), [-HALF5, HALF5]),
    "tanh": (mp.tanh, lambda x: mp.sech(x) ** 2, []),
    "softsign": (lambda x: x / (1 + abs(x)), lambda x: 1 / (1 + abs(x)) ** 2, [mp.mpf(0)]),
    "softplus": (lambda x: mp.log1p(mp.exp(x)), sigma, []),
    "relu": (*linear_pieces(mp.mpf(0)), [mp.mpf(0)]),
    "leaky_relu": (*linear_pieces(mp.mpf("0.25")), [mp.mpf(0)]),
    "elu": (*elu(mp.mpf(1), mp.mpf(1)), [mp.mpf(0)]),
    "celu": (*celu(mp.mpf(1) / 2), [mp.mpf(0)]),
    "scaled_tanh": scaled_tanh(mp.mpf("1.7159"), mp.mpf(2) / 3),
    "selu": (*elu(LAMBDA, ALPHA), [mp.mpf(0)]),
    "gelu": (lambda x: x * mp.ncdf(x), lambda x: mp.ncdf(x) + x * mp.npdf(x), []),
    "silu": (lambda x: x * sigma(x), lambda x: sigma(x) + x * sigma(x) * sigma(-x), []),
    "mish": (mish, mish_slope, []),
    "exponential": (mp.exp, mp.exp, []),
}

END = mp.mpf(22)  # the exponential to the fourth has its mass far out


def cuts(points):
    grid = [mp.mpf(k) for k in range(-22, 23)]
    return sorted(set(grid + [p for p in points if -END < p < END]))


def expect(f, mean, sd, kinks):
    return mp.quad(lambda z: f(mean + sd * z) * mp.npdf(z), cuts([(k - mean) / sd for k in kinks]))


LAWS = [("0", "1"), ("0", "0.05"), ("0", "45.6"), ("-1.5", "1"), ("0.7", "3")]

def show(x):
    return mp.nstr(x, 18)


def singles():
    for name, (f, g, kinks) in TABLE.items():
        for mean, variance in LAWS:
            m, s = mp.mpf(mean), mp.sqrt(mp.mpf(variance))
            if name == "exponential" and variance == "45.6":
                continue
            values = [
                expect(f, m, s, kinks),
                expect(lambda x: f(x) ** 2, m, s, kinks),
                expect(g, m, s, kinks),
                expect(lambda x: g(x) ** 2, m, s, kinks),
                expect(lambda x: g(x) ** 4, m, s, kinks),
                # E[phi phi''] by Stein's identity, so that jumps of the derivative are counted.
                mp.quad(
                    lambda z: f(m + s * z) * g(m + s * z) * z * mp.npdf(z),
                    cuts([(k - m) / s for k in kinks]),
                )
                / s
                - expect(lambda x: g(x) ** 2, m, s, kinks),
            ]
            print(",".join([name, mean, variance] + [show(v) for v in values]), flush=True)


if __name__ == "__main__":
    print("activation,mean,variance,value,square,slope,slope_square,slope_fourth,value_curvature")
    singles()
