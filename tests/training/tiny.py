"""A network of a few weights and photos of coloured squares: training without waiting for it."""

from pathlib import Path

import keras
import numpy as np
from PIL import Image

from service.networks.metadata import Label
from training.bundles.exporting import Trained
from training.measuring.heldout import HeldOut

SIZE = 32
COLOURS = {"blue": (30, 40, 200), "red": (200, 40, 30)}
LABELS = tuple(Label(id=name, title=name.title(), description=f"Mostly {name}.") for name in COLOURS)


def network(classes: int = 2, seed: int = 0) -> keras.Model:
    """Pictures `[N, 32, 32, 3]`, 0..255, to logits `[N, classes]`; the weights are random."""
    keras.utils.set_random_seed(seed)
    image = keras.Input((SIZE, SIZE, 3), name="image", dtype="float32")
    x = keras.layers.Rescaling(1 / 128, offset=-1.0)(image)
    x = keras.layers.Conv2D(16, 3, padding="same", activation="relu")(x)
    x = keras.layers.MaxPooling2D(4)(x)
    x = keras.layers.Flatten()(x)
    x = keras.layers.Dropout(0.5)(x)
    return keras.Model(image, keras.layers.Dense(classes)(x))


def colours(count: int, seed: int = 0, mistakes: float = 0.0) -> HeldOut:
    """Noisy squares in the colours of the labels, two photos per person; a share of the labels is wrong."""
    random = np.random.default_rng(seed)
    labels = np.arange(count) % len(COLOURS)
    plain = np.array(list(COLOURS.values()))[labels]
    noise = random.normal(0, 25, (count, SIZE, SIZE, 3))
    images = np.clip(plain[:, None, None, :] + noise, 0, 255).astype(np.uint8)
    labels = np.where(random.random(count) < mistakes, 1 - labels, labels)
    return HeldOut(images, labels, np.array([f"p{number // 2}" for number in range(count)]))


def trained() -> Trained:
    """A network that tells the colours apart, as `export` wants it."""
    model = network()
    model.compile(
        optimizer=keras.optimizers.Adam(1e-3),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    lesson = colours(128, seed=1, mistakes=0.2)
    model.fit(lesson.images.astype(np.float32), lesson.labels, epochs=3, batch_size=16, verbose=0)
    facts = {
        "hyperparameters": {"size": SIZE},
        "dataset": {"fingerprint": "0" * 64, "images": 128, "people": 64},
    }
    return Trained(model, facts, LABELS)


def write_photos(root: Path, count: int, seed: int = 0) -> Path:
    """`count` photos as PNG in `root/<class>/`, and their people in `labels.csv`."""
    photos = colours(count, seed)
    rows = ["file,person"]
    for number, (image, label) in enumerate(zip(photos.images, photos.labels, strict=True)):
        name = f"{LABELS[label].id}/{number:03}.png"
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(root / name)
        rows.append(f"{name},person-{number}")
    (root / "labels.csv").write_text("\n".join(rows) + "\n")
    return root
