"""ONNX export: a torch module as the bytes of an ONNX graph that takes any number of rows."""

from __future__ import annotations

import importlib.util
import logging
import os
import warnings
from contextlib import redirect_stderr, redirect_stdout
from typing import Any

import torch
from torch import Tensor, nn

from tagfit.errors import InputError, MissingExtraError

OPSET = 20
# A batch of 1 would be frozen into the graph.
EXAMPLE_ROWS = 2
MOST_ROWS = 4096
EXTRA = ("onnx", "onnxscript", "onnxruntime")


def require() -> None:
    """Raise a MissingExtraError unless the extra ``onnx`` is installed."""
    if not all(importlib.util.find_spec(name) for name in EXTRA):
        raise MissingExtraError("onnx", "the ONNX format")


def export(net: nn.Module, shape: tuple[int, ...], dtype: torch.dtype, name: str, output: str) -> bytes:
    """The graph of a net in inference mode; its only input has rows of ``shape``, as many as are given.

    Args:
        net: takes a batch of rows and gives one tensor.
        shape: of one row.
        dtype: of the rows.
        name: of the input.
        output: of the output.

    Raises:
        InputError: a net with operations that ONNX does not have.
    """
    example = torch.zeros((EXAMPLE_ROWS, *shape), dtype=dtype)
    rows = torch.export.Dim("batch", min=1, max=MOST_ROWS)
    log = logging.getLogger("torch.onnx")
    level = log.level
    with warnings.catch_warnings(), open(os.devnull, "w") as quiet, redirect_stdout(quiet), redirect_stderr(quiet):
        warnings.simplefilter("ignore")
        log.setLevel(logging.ERROR)  # it reports that torchvision is missing, which nothing here needs
        try:
            program: Any = torch.onnx.export(
                _OneInput(net),
                (example,),
                dynamo=True,
                dynamic_shapes=({0: rows},),
                input_names=[name],
                output_names=[output],
                opset_version=OPSET,
                verbose=False,
            )
        except torch.onnx.OnnxExporterError as error:
            reason = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
            raise InputError(f"torch cannot export this net to ONNX: {reason}") from error
        finally:
            log.setLevel(level)
    graph: bytes = program.model_proto.SerializeToString()
    return graph


class _OneInput(nn.Module):
    """The net under an argument name of ours, whatever its own is called."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, rows: Tensor) -> Tensor:
        found: Tensor = self.net(rows)
        return found
