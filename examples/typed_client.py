"""Classify one photo with the generated, typed client: `python examples/typed_client.py PHOTO [SERVICE]`.

Install the client first: `pip install ./clients/python`.
"""

import sys
from pathlib import Path

import httpx
from image_classifier_client import Client
from image_classifier_client.api.default import classify
from image_classifier_client.models import Answer, ClassifyBody
from image_classifier_client.types import File


def main(photo: str, service: str = "http://localhost:8000") -> int:
    """Print one line per region; returns 1 where there is no answer."""
    # Without a limit of its own it would wait for ever.
    patient = Client(base_url=service, timeout=httpx.Timeout(35))
    try:
        with Path(photo).open("rb") as file, patient as client:
            body = ClassifyBody(image=File(payload=file, file_name=Path(photo).name))
            response = classify.sync_detailed(client=client, body=body)
    except OSError as error:
        print(f"Expected a photo. Received: {error}")
        return 1
    except (httpx.RequestError, httpx.InvalidURL) as error:
        print(f"Expected an answer of {service}. Received: {error}")
        return 1
    if not isinstance(response.parsed, Answer):
        print(response.status_code, response.content.decode(errors="replace"))
        return 1
    for result in response.parsed.results:
        verdict = result.title if result.certain else "not sure"
        print(f"{result.region}: {verdict} ({result.confidence:.0%})")
    for eye in response.parsed.unusable:
        print(f"{eye.region}: {eye.detail}")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
