"""The network: VGG16 with a small head, its calibration, and the folder of a run that holds it."""
