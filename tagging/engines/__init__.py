"""The engines that serve a backbone: `onnx` and `openvino` on a CPU, `keras` on a GPU.

Others reach them through `tagging.engine`. Pure code: nothing here knows Django.
"""
