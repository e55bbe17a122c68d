from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.batch_answer import BatchAnswer
from ...models.classify_batch_body import ClassifyBatchBody
from ...models.classify_batch_faces import ClassifyBatchFaces
from ...models.classify_batch_region import ClassifyBatchRegion
from ...models.problem import Problem
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    body: ClassifyBatchBody,
    region: ClassifyBatchRegion | Unset = ClassifyBatchRegion.AUTO,
    faces: ClassifyBatchFaces | Unset = ClassifyBatchFaces.LARGEST,
    model: None | str | Unset = UNSET,
    evidence: bool | Unset = False,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    params: dict[str, Any] = {}

    json_region: str | Unset = UNSET
    if not isinstance(region, Unset):
        json_region = region.value

    params["region"] = json_region

    json_faces: str | Unset = UNSET
    if not isinstance(faces, Unset):
        json_faces = faces.value

    params["faces"] = json_faces

    json_model: None | str | Unset
    if isinstance(model, Unset):
        json_model = UNSET
    else:
        json_model = model
    params["model"] = json_model

    params["evidence"] = evidence

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/v1/classify/batch",
        "params": params,
    }

    _kwargs["files"] = body.to_multipart()

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> BatchAnswer | Problem | None:
    kind = "application/json" if response.is_success else "application/problem+json"
    if not response.headers.get("content-type", "").startswith(kind):
        # What stands between has answered for the service, a proxy for instance, and in HTML.
        if client.raise_on_unexpected_status:
            raise errors.UnexpectedStatus(response.status_code, response.content)
        return None

    if response.status_code == 200:
        response_200 = BatchAnswer.from_dict(response.json())

        return response_200

    if response.status_code == 401:
        response_401 = Problem.from_dict(response.json())

        return response_401

    if response.status_code == 404:
        response_404 = Problem.from_dict(response.json())

        return response_404

    if response.status_code == 408:
        response_408 = Problem.from_dict(response.json())

        return response_408

    if response.status_code == 413:
        response_413 = Problem.from_dict(response.json())

        return response_413

    if response.status_code == 415:
        response_415 = Problem.from_dict(response.json())

        return response_415

    if response.status_code == 422:
        response_422 = Problem.from_dict(response.json())

        return response_422

    if response.status_code == 500:
        response_500 = Problem.from_dict(response.json())

        return response_500

    if response.status_code == 503:
        response_503 = Problem.from_dict(response.json())

        return response_503

    if response.status_code == 504:
        response_504 = Problem.from_dict(response.json())

        return response_504

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    else:
        return None


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[BatchAnswer | Problem]:
    return Response(
        status_code=response.status_code,
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient | Client,
    body: ClassifyBatchBody,
    region: ClassifyBatchRegion | Unset = ClassifyBatchRegion.AUTO,
    faces: ClassifyBatchFaces | Unset = ClassifyBatchFaces.LARGEST,
    model: None | str | Unset = UNSET,
    evidence: bool | Unset = False,
) -> Response[BatchAnswer | Problem]:
    """Classify Batch

     Classify several photos; a bad one is its own problem and the others are answered.

    Args:
        region (ClassifyBatchRegion | Unset): Of a model of eyes, `auto`: both eyes of a face, or
            one eye from near; `eyes`: a face or nothing. `whole`: the middle square of the picture,
            as `auto` for other models. Default: ClassifyBatchRegion.AUTO.
        faces (ClassifyBatchFaces | Unset): Whose eyes: the largest face's, or everybody's, 32
            faces at most. Default: ClassifyBatchFaces.LARGEST.
        model (None | str | Unset): Name of a loaded model.
        evidence (bool | Unset): Add a map of what spoke for each answer, from models that give
            one. Default: False.
        body (ClassifyBatchBody):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[BatchAnswer | Problem]
    """

    kwargs = _get_kwargs(
        body=body,
        region=region,
        faces=faces,
        model=model,
        evidence=evidence,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient | Client,
    body: ClassifyBatchBody,
    region: ClassifyBatchRegion | Unset = ClassifyBatchRegion.AUTO,
    faces: ClassifyBatchFaces | Unset = ClassifyBatchFaces.LARGEST,
    model: None | str | Unset = UNSET,
    evidence: bool | Unset = False,
) -> BatchAnswer | Problem | None:
    """Classify Batch

     Classify several photos; a bad one is its own problem and the others are answered.

    Args:
        region (ClassifyBatchRegion | Unset): Of a model of eyes, `auto`: both eyes of a face, or
            one eye from near; `eyes`: a face or nothing. `whole`: the middle square of the picture,
            as `auto` for other models. Default: ClassifyBatchRegion.AUTO.
        faces (ClassifyBatchFaces | Unset): Whose eyes: the largest face's, or everybody's, 32
            faces at most. Default: ClassifyBatchFaces.LARGEST.
        model (None | str | Unset): Name of a loaded model.
        evidence (bool | Unset): Add a map of what spoke for each answer, from models that give
            one. Default: False.
        body (ClassifyBatchBody):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        BatchAnswer | Problem
    """

    return sync_detailed(
        client=client,
        body=body,
        region=region,
        faces=faces,
        model=model,
        evidence=evidence,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient | Client,
    body: ClassifyBatchBody,
    region: ClassifyBatchRegion | Unset = ClassifyBatchRegion.AUTO,
    faces: ClassifyBatchFaces | Unset = ClassifyBatchFaces.LARGEST,
    model: None | str | Unset = UNSET,
    evidence: bool | Unset = False,
) -> Response[BatchAnswer | Problem]:
    """Classify Batch

     Classify several photos; a bad one is its own problem and the others are answered.

    Args:
        region (ClassifyBatchRegion | Unset): Of a model of eyes, `auto`: both eyes of a face, or
            one eye from near; `eyes`: a face or nothing. `whole`: the middle square of the picture,
            as `auto` for other models. Default: ClassifyBatchRegion.AUTO.
        faces (ClassifyBatchFaces | Unset): Whose eyes: the largest face's, or everybody's, 32
            faces at most. Default: ClassifyBatchFaces.LARGEST.
        model (None | str | Unset): Name of a loaded model.
        evidence (bool | Unset): Add a map of what spoke for each answer, from models that give
            one. Default: False.
        body (ClassifyBatchBody):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[BatchAnswer | Problem]
    """

    kwargs = _get_kwargs(
        body=body,
        region=region,
        faces=faces,
        model=model,
        evidence=evidence,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient | Client,
    body: ClassifyBatchBody,
    region: ClassifyBatchRegion | Unset = ClassifyBatchRegion.AUTO,
    faces: ClassifyBatchFaces | Unset = ClassifyBatchFaces.LARGEST,
    model: None | str | Unset = UNSET,
    evidence: bool | Unset = False,
) -> BatchAnswer | Problem | None:
    """Classify Batch

     Classify several photos; a bad one is its own problem and the others are answered.

    Args:
        region (ClassifyBatchRegion | Unset): Of a model of eyes, `auto`: both eyes of a face, or
            one eye from near; `eyes`: a face or nothing. `whole`: the middle square of the picture,
            as `auto` for other models. Default: ClassifyBatchRegion.AUTO.
        faces (ClassifyBatchFaces | Unset): Whose eyes: the largest face's, or everybody's, 32
            faces at most. Default: ClassifyBatchFaces.LARGEST.
        model (None | str | Unset): Name of a loaded model.
        evidence (bool | Unset): Add a map of what spoke for each answer, from models that give
            one. Default: False.
        body (ClassifyBatchBody):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        BatchAnswer | Problem
    """

    return (
        await asyncio_detailed(
            client=client,
            body=body,
            region=region,
            faces=faces,
            model=model,
            evidence=evidence,
        )
    ).parsed
