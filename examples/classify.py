"""Classify one photo with httpx: `python examples/classify.py PHOTO [SERVICE]`."""

import sys
from pathlib import Path

import httpx


def main(photo: str, service: str = "http://localhost:8000") -> int:
    """Print one line per region; returns 1 where there is no answer."""
    try:
        with Path(photo).open("rb") as file:
            response = httpx.post(f"{service}/v1/classify", files={"image": file}, timeout=35)
    except OSError as error:
        print(f"Expected a photo. Received: {error}")
        return 1
    except (httpx.RequestError, httpx.InvalidURL) as error:
        print(f"Expected an answer of {service}. Received: {error}")
        return 1
    kind = response.headers.get("content-type", "")
    if response.is_error and kind.startswith("application/problem+json"):
        problem = response.json()
        print(f"{problem['title']}: {problem['detail']}")
        return 1
    if not (response.is_success and kind.startswith("application/json")):
        # What stands between may answer for the service, a proxy for instance, and in HTML.
        print(f"Expected an answer of the service. Received: status {response.status_code}, {kind!r}")
        return 1
    answer = response.json()
    for result in answer["results"]:
        verdict = result["title"] if result["certain"] else "not sure"
        print(f"{result['region']}: {verdict} ({result['confidence']:.0%})")
    for eye in answer["unusable"]:
        print(f"{eye['region']}: {eye['detail']}")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
