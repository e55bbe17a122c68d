"""MediaPipe's three custom TensorFlow Lite operators as functions of standard ONNX operators.

The face mesh with attention finds each eye in its coarse mesh (`Landmarks2TransformMatrix`), looks at the
features there once more, upright and enlarged (`TransformTensorBilinear`), and puts the points it finds back
into the face (`TransformLandmarks`). What they compute is defined by MediaPipe's reference kernels, version
2, in `mediapipe/util/tflite/operations`.
"""

from typing import Final

import onnx

from scripts.local_functions import function, inlined

DOMAIN: Final = "mediapipe"
PREFIX: Final = "TFL_"
"""How tf2onnx marks operators that it cannot translate."""

# With u the unit vector from the left to the right reference landmark, R = [u, u turned by 90 degrees] holds
# the axes of the crop as columns: rows of points times R are coordinates in the crop's frame.
_MATRIX = """
Landmarks2TransformMatrix
<left_rotation_idx, right_rotation_idx, subset_idxs, scale_x, scale_y, output_width, output_height,
 target_rotation_radians>
(landmarks) => (matrix) {
    zero = Constant <value_ints = [0]> ()
    one = Constant <value_ints = [1]> ()
    two = Constant <value_ints = [2]> ()
    half = Constant <value = float {0.5}> ()
    points = Slice (landmarks, zero, two, two)
    left_index = Constant <value_int: int = @left_rotation_idx> ()
    right_index = Constant <value_int: int = @right_rotation_idx> ()
    left = Gather <axis = 1> (points, left_index)
    right = Gather <axis = 1> (points, right_index)
    direction = Sub (right, left)
    length = ReduceL2 <axes = [1]> (direction)
    unit = Div (direction, length)
    cosine, sine = Split <axis = 1> (unit)
    minus_sine = Neg (sine)
    upper = Concat <axis = 1> (cosine, minus_sine)
    lower = Concat <axis = 1> (sine, cosine)
    upper_row = Unsqueeze (upper, one)
    lower_row = Unsqueeze (lower, one)
    rotation = Concat <axis = 1> (upper_row, lower_row)
    subset = Constant <value_ints: ints = @subset_idxs> ()
    chosen = Gather <axis = 1> (points, subset)
    turned = MatMul (chosen, rotation)
    largest = ReduceMax <axes = [1]> (turned)
    smallest = ReduceMin <axes = [1]> (turned)
    extent = Sub (largest, smallest)
    sum = Add (largest, smallest)
    middle = Mul (sum, half)
    back = Transpose <perm = [0, 2, 1]> (rotation)
    centre = MatMul (middle, back)
    x_scale = Constant <value_float: float = @scale_x> ()
    y_scale = Constant <value_float: float = @scale_y> ()
    width_int = Constant <value_int: int = @output_width> ()
    height_int = Constant <value_int: int = @output_height> ()
    width = Cast <to = 1> (width_int)
    height = Cast <to = 1> (height_int)
    x_enlarged = Unsqueeze (x_scale, zero)
    y_enlarged = Unsqueeze (y_scale, zero)
    columns = Unsqueeze (width, zero)
    rows = Unsqueeze (height, zero)
    enlarged = Concat <axis = 0> (x_enlarged, y_enlarged)
    size = Concat <axis = 0> (columns, rows)
    relative = Div (enlarged, size)
    scale = Mul (extent, relative)
    linear = Mul (rotation, scale)
    transposed = Transpose <perm = [0, 2, 1]> (linear)
    crop_middle = Mul (size, half)
    crop_middle_row = Unsqueeze (crop_middle, zero)
    middle_offset = MatMul (crop_middle_row, transposed)
    offset_row = Sub (centre, middle_offset)
    offset = Transpose <perm = [0, 2, 1]> (offset_row)
    depth = Constant <value = float[1, 2, 1] {0.0, 0.0}> ()
    identity = Constant <value = float[1, 2, 4] {0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0}> ()
    affine = Concat <axis = 2> (linear, depth, offset)
    matrix = Concat <axis = 1> (affine, identity)
}
"""

_TAKE_AFFINE = """
    zero = Constant <value_ints = [0]> ()
    one = Constant <value_ints = [1]> ()
    two = Constant <value_ints = [2]> ()
    three = Constant <value_ints = [3]> ()
    four = Constant <value_ints = [4]> ()
    affine = Slice (matrix, zero, two, one)
    linear = Slice (affine, zero, two, two)
    transposed = Transpose <perm = [0, 2, 1]> (linear)
    offset = Slice (affine, three, four, two)
    offset_row = Transpose <perm = [0, 2, 1]> (offset)
"""

# Pixel centres lie at a half; a point outside of the feature map is zero, not faded out as GridSample would.
_BILINEAR = f"""
TransformTensorBilinear <output_height, output_width> (features, matrix) => (crop) {{
    {_TAKE_AFFINE}
    start = Constant <value_int = 0> ()
    step = Constant <value_int = 1> ()
    half = Constant <value = float {{0.5}}> ()
    unity = Constant <value = float {{1.0}}> ()
    double = Constant <value = float {{2.0}}> ()
    height = Constant <value_int: int = @output_height> ()
    width = Constant <value_int: int = @output_width> ()
    row_numbers = Range (start, height, step)
    column_numbers = Range (start, width, step)
    y_line = Cast <to = 1> (row_numbers)
    x_line = Cast <to = 1> (column_numbers)
    y_column = Unsqueeze (y_line, one)
    x_row = Unsqueeze (x_line, zero)
    nothing_y = Mul (y_column, x_row)
    nothing = Sub (nothing_y, nothing_y)
    y_grid = Add (nothing, y_column)
    x_grid = Add (nothing, x_row)
    y_plane = Unsqueeze (y_grid, two)
    x_plane = Unsqueeze (x_grid, two)
    grid = Concat <axis = 2> (x_plane, y_plane)
    centres = Add (grid, half)
    line_shape = Constant <value_ints = [1, -1, 2]> ()
    line = Reshape (centres, line_shape)
    turned = MatMul (line, transposed)
    moved = Add (turned, offset_row)
    indices = Sub (moved, half)
    shape = Shape <start = 1, end = 3> (features)
    height_width = Cast <to = 1> (shape)
    feature_height, feature_width = Split <axis = 0> (height_width)
    width_height = Concat <axis = 0> (feature_width, feature_height)
    last = Sub (width_height, unity)
    doubled = Mul (indices, double)
    shares = Div (doubled, last)
    normalized = Sub (shares, unity)
    minus_unity = Neg (unity)
    above = Greater (normalized, unity)
    below = Less (normalized, minus_unity)
    outside = Or (above, below)
    outside_number = Cast <to = 1> (outside)
    outside_any = ReduceMax <axes = [2]> (outside_number)
    inside_line = Sub (unity, outside_any)
    negative = Constant <value_ints = [-1]> ()
    height_dim = Unsqueeze (height, zero)
    width_dim = Unsqueeze (width, zero)
    grid_shape = Concat <axis = 0> (one, height_dim, width_dim, negative)
    sampling = Reshape (normalized, grid_shape)
    mask_shape = Concat <axis = 0> (one, one, height_dim, width_dim)
    mask = Reshape (inside_line, mask_shape)
    channels_first = Transpose <perm = [0, 3, 1, 2]> (features)
    sampled = GridSample <align_corners = 1, mode = "bilinear", padding_mode = "border">
        (channels_first, sampling)
    masked = Mul (sampled, mask)
    crop = Transpose <perm = [0, 2, 3, 1]> (masked)
}}
"""

_LANDMARKS = f"""
TransformLandmarks (landmarks, matrix) => (moved) {{
    {_TAKE_AFFINE}
    turned = MatMul (landmarks, transposed)
    moved = Add (turned, offset_row)
}}
"""


def with_standard_operators(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same network with every custom operator replaced by standard ones; raises ValueError for others."""
    functions = [function(DOMAIN, text) for text in (_MATRIX, _BILINEAR, _LANDMARKS)]
    known = {one.name for one in functions}
    for node in model.graph.node:
        if node.op_type.startswith(PREFIX):
            node.op_type, node.domain = node.op_type.removeprefix(PREFIX), DOMAIN
            if node.op_type not in known:
                raise ValueError(f"Expected one of {sorted(known)}. Received: {node.op_type}.")
    return inlined(model, functions)
