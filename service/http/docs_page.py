"""The page at `/docs`: Swagger UI, of a CDN that a browser lets send this one version of it and nothing else.

It has the origin of the web client, which keeps an API key for the tab: what runs here could read it.
"""

import base64
import hashlib
from typing import Final

from fastapi import APIRouter, Response

VERSION: Final = "5.35.0"
_CDN: Final = f"https://cdn.jsdelivr.net/npm/swagger-ui-dist@{VERSION}"
STYLE: Final = f"{_CDN}/swagger-ui.css"
SCRIPT: Final = f"{_CDN}/swagger-ui-bundle.js"
DIGESTS: Final = {
    STYLE: "sha384-WlYgdmXYOOBWL5apwjDEZwN+U3HmXSSu5R6V5aGxEcf7z+KuRNwBhoxKVN1i3D5I",
    SCRIPT: "sha384-gjRm0bEPMeTmMh5jT2cHccIwCUZSTd8YC+j0d0sXw0MdGEfScduGpSyF3ZSSLkX9",
}
"""Of the files as npm has them: `npm pack swagger-ui-dist@VERSION`, unpack, and for each of the two
`openssl dgst -sha384 -binary FILE | base64`."""
_START: Final = """
SwaggerUIBundle({
    url: "openapi.json",
    dom_id: "#swagger-ui",
    // The service is where this page is. Left alone, "Try it out" would call it without its prefix.
    responseInterceptor(answer) {
        if (answer.ok && answer.url === new URL("openapi.json", location).href) {
            const servers = [{ url: new URL(".", location).href.slice(0, -1) }];
            answer.text = JSON.stringify({ ...JSON.parse(answer.text), servers });
        }
        return answer;
    },
    layout: "BaseLayout",
    deepLinking: true,
    showExtensions: true,
    showCommonExtensions: true,
    presets: [SwaggerUIBundle.presets.apis],
});
"""
PAGE: Final = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Image classifier: API</title>
<link rel="icon" href="web/icon.svg">
<link rel="stylesheet" href="{STYLE}" integrity="{DIGESTS[STYLE]}" crossorigin="anonymous">
</head>
<body>
<div id="swagger-ui"></div>
<script src="{SCRIPT}" integrity="{DIGESTS[SCRIPT]}" crossorigin="anonymous"></script>
<script>{_START}</script>
</body>
</html>
"""
"""Its own addresses are relative, so that it works under a prefix too."""
_START_DIGEST: Final = base64.b64encode(hashlib.sha256(_START.encode()).digest()).decode()
_POLICY: Final = {
    "default-src": "'none'",
    "script-src": f"'sha256-{_START_DIGEST}' {SCRIPT}",
    "style-src": STYLE,
    # Swagger UI's icons are data URLs.
    "img-src": "'self' data:",
    "connect-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}
_HEADERS: Final = {"content-security-policy": "; ".join(f"{name} {value}" for name, value in _POLICY.items())}


router = APIRouter(include_in_schema=False)


@router.api_route("/docs", methods=["GET", "HEAD"])
async def docs() -> Response:
    """The page, which loads Swagger UI."""
    return Response(PAGE, headers=_HEADERS, media_type="text/html")
