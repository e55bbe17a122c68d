"""Close-ups are of people that the model was not trained on."""

from pathlib import Path

from benchmarks.closeups import wide_photos
from tests.bundles import metadata, write_bundle
from tests.training import folders
from training.data.folders import read_dataset
from training.measuring.models import Model


def test_photos_are_of_the_models_own_split(tmp_path: Path) -> None:
    data = folders.classes(tmp_path / "photos", count=10)
    names = [path.relative_to(data).as_posix() for path in sorted(data.rglob("*.png"))]
    rows = [f"{name},{'tight' if name.endswith('0.png') else 'wide'}" for name in names]
    (data / "labels.csv").write_text("\n".join(["file,geometry", *rows]))
    recipe = {"validation_share": 0.5, "seed": 7}
    model = Model.open(write_bundle(tmp_path / "models", metadata(hyperparameters=recipe)))
    theirs = {photo.path for photo in read_dataset(data, 0.5, 7).split("validation")}
    found = {photo.path for photo in wide_photos(model, data, 100)}
    assert found == {path for path in theirs if path.name != "0.png"}
    assert len(found) >= 8
    assert len(wide_photos(model, data, 3)) == 3
