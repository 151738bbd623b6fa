#!/usr/bin/env bash
# Sigmoid of onnxruntime on the CPU loses small probabilities in float32: from -18 down it is 0,
# where float32 has numbers down to 1e-38, and above that it moves in steps of 3e-8 or so, not
# always upwards. In float64 it is 0 from -38 down. Softmax of (0, x), the same function in other
# words, is right everywhere. An exported model of two classes ends with Sigmoid: it ranks rare
# cases otherwise than the original, and calls some of them impossible, for which the log loss is
# infinite.
#
# Expected: an error of a few units in the last place, as of Softmax.
# Seen (1.32.0, Python 3.11, x86-64), by the argument:
#   -13   Sigmoid 2.24e-06   Softmax 2.26e-06   true 2.26e-06
#   -15   Sigmoid 3.58e-07   Softmax 3.06e-07   true 3.06e-07
#   -17   Sigmoid 8.94e-08   Softmax 4.14e-08   true 4.14e-08
#   -20   Sigmoid 0          Softmax 2.06e-09   true 2.06e-09
#   -80   Sigmoid 0          Softmax 1.80e-35   true 1.80e-35
#   of 400 arguments from -18 to -14, 29 values come out, and at 121 steps of .01 it falls
# Fails if that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf -- "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q onnxruntime==1.32.0 onnx==1.23.2 numpy==2.4.6
cd -- "$folder"
"$folder/venv/bin/python" - <<'PY'
import numpy as np
import onnxruntime
from onnx import TensorProto, helper


def session(op, of_type=TensorProto.FLOAT):
    """A graph of one node."""
    x, y = (helper.make_tensor_value_info(name, of_type, [None, None]) for name in "xy")
    graph = helper.make_graph([helper.make_node(op, ["x"], ["y"])], "one", [x], [y])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    run = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    ).run
    return lambda values: run(None, {"x": values})[0]


x = np.arange(-8000, 0).astype(np.float32) / np.float32(100)
true = 1 / (1 + np.exp(-x.astype(float)))
sigmoid = session("Sigmoid")(x[:, None])[:, 0]
softmax = session("Softmax")(np.c_[np.zeros_like(x), x])[:, 1]
for place in (-13, -15, -17, -20, -80):
    i = np.abs(x - place).argmin()
    print(f"onnxruntime {onnxruntime.__version__}  {place:4}  Sigmoid {sigmoid[i]:.2e}  "
          f"Softmax {softmax[i]:.2e}  true {true[i]:.2e}")
tail = (x >= -18) & (x < -14)
values = [len(np.unique(p[tail])) for p in (sigmoid, softmax)]
falls = [int((np.diff(p[tail]) < 0).sum()) for p in (sigmoid, softmax)]
print(f"{tail.sum()} arguments from -18 to -14: {values} values, {falls} steps down; "
      f"Sigmoid is wrong by up to {np.abs(sigmoid / true - 1)[tail].max():.0%}")
double = session("Sigmoid", TensorProto.DOUBLE)(np.array([[-30.0, -38.0]]))[0]
print("in float64 at -30 and -38:", double)
assert (sigmoid[x < -18] == 0).all() and np.abs(softmax / true - 1).max() < 1e-4
assert np.abs(sigmoid / true - 1)[(x > -17.5) & (x < -16)].max() > 0.5
assert falls[0] > 50 and falls[1] == 0 and values[0] < 60
assert double[0] > 0 and double[1] == 0, "it has changed"
PY
