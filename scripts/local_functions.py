"""Operators of our own in an ONNX graph, written as functions of standard ones."""

from typing import Final

import onnx
from onnx import helper, inliner, parser

OPSET: Final = 17
"""Of the standard operators."""


def function(domain: str, text: str) -> onnx.FunctionProto:
    """A function in ONNX's textual form, which begins with its name; raises ParseError."""
    parsed: onnx.FunctionProto = parser.parse_function(
        f'<domain: "{domain}", opset_import: ["" : {OPSET}]>\n{text}'
    )
    return parsed


def inlined(model: onnx.ModelProto, functions: list[onnx.FunctionProto]) -> onnx.ModelProto:
    """The model with what these functions of one domain consist of in place of the nodes that call them."""
    model.functions.extend(functions)
    model.opset_import.append(helper.make_opsetid(functions[0].domain, 1))
    return inliner.inline_local_functions(model)
