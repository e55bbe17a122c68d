"""From float32 to int8 arithmetic: calibrated on training photos, measured, and gated on validation photos.

../graph/cost.py   what a layer costs
weights.py         int8 weights that no CPU can overflow, and the bias that makes up for their rounding
ranges.py          what the activations reach on calibration photos
graphs.py          the float graph made ready, and the quantized graph
search.py          which calibration, and which layers stay float, by measurement
pipeline.py        all of it in turn
../bundles/gate.py whether the result may be shipped
"""
