from pathlib import Path

import numpy as np
import pytest

from service.errors import InvalidBundle
from service.locator.sessions import Network

FOLDER = Path(__file__).parents[3] / "models/eye-locator/1"


def test_several_pictures_are_answered_as_each_by_itself() -> None:
    network = Network(FOLDER / "eye.onnx", several=True)
    pictures = np.random.default_rng(0).integers(0, 256, (3, network.size, network.size, 3), np.uint8)
    together = network(*pictures)
    for place, picture in enumerate(pictures):
        for name, answer in network(picture).items():
            np.testing.assert_allclose(together[name][place], answer[0], atol=1e-5)


@pytest.mark.parametrize(("name", "several", "count"), [("mesh", True, "n"), ("eye", False, "1")])
def test_a_network_for_another_number_of_pictures_is_refused(name: str, several: bool, count: str) -> None:
    with pytest.raises(InvalidBundle, match=rf"expected the input 'picture', uint8 \[{count}, S, S, 3\]"):
        Network(FOLDER / f"{name}.onnx", several=several)
