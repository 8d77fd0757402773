"""Requests are called what AWS calls them."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config

from cpe.local.faults.operations import OPERATIONS, OTHER, operation_of

#: boto3's types want a service's name to be written out.
make_client: Any = boto3.client

KEY = {"Bucket": "b", "Key": "a/k"}
SOURCE = {"CopySource": {"Bucket": "b", "Key": "s"}}
PART = {"UploadId": "u", "PartNumber": 1}

S3_CALLS: list[tuple[str, dict[str, Any]]] = [
    ("ListBuckets", {}),
    *((name, {"Bucket": "b"}) for name in ("CreateBucket", "HeadBucket", "DeleteBucket", "ListObjects")),
    *((name, {"Bucket": "b"}) for name in ("ListObjectsV2", "ListMultipartUploads", "ListObjectVersions")),
    *((name, {"Bucket": "b"}) for name in ("GetBucketLocation", "GetBucketPolicy", "GetBucketTagging")),
    ("GetBucketVersioning", {"Bucket": "b"}),
    ("ListObjectsV2", {"Bucket": "b", "Prefix": "p", "Delimiter": "/", "MaxKeys": 5, "StartAfter": "x"}),
    ("ListObjects", {"Bucket": "b", "Prefix": "p", "Marker": "m", "Delimiter": "/"}),
    ("PutBucketAcl", {"Bucket": "b", "ACL": "private"}),
    ("PutBucketPolicy", {"Bucket": "b", "Policy": "{}"}),
    ("PutBucketTagging", {"Bucket": "b", "Tagging": {"TagSet": []}}),
    ("PutBucketVersioning", {"Bucket": "b", "VersioningConfiguration": {"Status": "Enabled"}}),
    ("PutBucketCors", {"Bucket": "b", "CORSConfiguration": {"CORSRules": []}}),
    ("PutBucketLifecycleConfiguration", {"Bucket": "b", "LifecycleConfiguration": {"Rules": []}}),
    ("PutBucketNotificationConfiguration", {"Bucket": "b", "NotificationConfiguration": {}}),
    ("DeleteObjects", {"Bucket": "b", "Delete": {"Objects": [{"Key": "k"}]}}),
    *((name, KEY) for name in ("HeadObject", "GetObject", "DeleteObject", "GetObjectAcl")),
    ("GetObject", KEY | {"VersionId": "v", "PartNumber": 2}),
    *((name, KEY) for name in ("GetObjectTagging", "DeleteObjectTagging", "CreateMultipartUpload")),
    ("GetObjectAttributes", KEY | {"ObjectAttributes": ["ETag"]}),
    ("PutObject", KEY | {"Body": b"x"}),
    ("CopyObject", KEY | SOURCE),
    ("UploadPart", KEY | PART | {"Body": b"x"}),
    ("UploadPartCopy", KEY | PART | SOURCE),
    ("ListParts", KEY | {"UploadId": "u"}),
    ("AbortMultipartUpload", KEY | {"UploadId": "u"}),
    ("CompleteMultipartUpload", KEY | {"UploadId": "u"}),
    ("PutObjectAcl", KEY | {"ACL": "private"}),
    ("PutObjectTagging", KEY | {"Tagging": {"TagSet": []}}),
]


def environ_of(request: AWSPreparedRequest) -> dict[str, Any]:
    """The request as a server of ours would give it to its application."""
    url = urlsplit(request.url)
    headers = {
        f"HTTP_{name.upper().replace('-', '_')}": value.decode() if isinstance(value, bytes) else value
        for name, value in dict[str, Any](request.headers).items()
    }
    content: Any = request.body or b""
    return {
        "HTTP_HOST": url.netloc,
        **headers,
        "CONTENT_TYPE": headers.get("HTTP_CONTENT_TYPE", ""),
        "REQUEST_METHOD": request.method,
        "PATH_INFO": unquote(url.path),
        "QUERY_STRING": url.query,
        "wsgi.input": io.BytesIO(content.encode() if isinstance(content, str) else b""),
    }


class Sent(Exception):
    """The request that boto3 was about to send."""

    def __init__(self, request: AWSPreparedRequest) -> None:
        super().__init__(request.url)
        self.request = request


def request_of(service: str, operation: str, params: dict[str, Any], **config: Any) -> dict[str, Any]:
    client = make_client(
        service, endpoint_url="http://localhost:4566", region_name="us-east-1", config=Config(**config)
    )

    def stop(request: AWSPreparedRequest, **_: Any) -> AWSResponse | None:
        raise Sent(request)

    client.meta.events.register("before-send", stop)
    with pytest.raises(Sent) as sent:
        client._make_api_call(operation, dict(params))  # it adds to what it is given
    return environ_of(sent.value.request)


@pytest.mark.parametrize(("operation", "params"), S3_CALLS)
@pytest.mark.parametrize("style", ["path", "virtual"])
def test_s3_as_boto3_asks(operation: str, params: dict[str, Any], style: str) -> None:
    environ = request_of("s3", operation, params, s3={"addressing_style": style})
    assert operation_of("s3", environ) == operation


def test_every_operation_of_s3_is_tried() -> None:
    assert {operation for operation, _ in S3_CALLS} == OPERATIONS["s3"]


def test_the_names_are_awss() -> None:
    for service, names in OPERATIONS.items():
        model = make_client(service, region_name="us-east-1").meta.service_model
        assert names <= set(model.operation_names), service
    for service in ("swf", "sqs"):
        model = make_client(service, region_name="us-east-1").meta.service_model
        assert OPERATIONS[service] == set(model.operation_names)


@pytest.mark.parametrize(
    ("service", "operation", "params"),
    [
        ("swf", "ListDomains", {"registrationStatus": "REGISTERED"}),
        ("sqs", "ReceiveMessage", {"QueueUrl": "http://localhost:4566/1/q"}),
        ("sns", "Publish", {"TopicArn": "arn:aws:sns:us-east-1:1:t", "Message": "m"}),
    ],
)
def test_the_other_services_as_boto3_asks(service: str, operation: str, params: dict[str, Any]) -> None:
    environ = request_of(service, operation, params)
    assert operation_of(service, environ) == operation
    assert operation_of(service, environ) == operation  # the body is still there


def nameless() -> Iterator[tuple[str, dict[str, Any]]]:
    nothing = io.BytesIO()
    yield "swf", {"HTTP_X_AMZ_TARGET": "SimpleWorkflowService.Explode", "wsgi.input": nothing}
    yield "swf", {"HTTP_X_AMZ_TARGET": "", "wsgi.input": nothing}
    yield "sqs", {"QUERY_STRING": "Action=Explode", "wsgi.input": nothing}
    yield "ec2", {"QUERY_STRING": "Action=RunInstances", "wsgi.input": nothing}
    for method, path, query in (
        ("PATCH", "/b/k", ""),
        ("PUT", "/b", "website"),
        ("GET", "/b/k", "torrent"),
        ("PUT", "/b/k", "retention"),
        ("POST", "/", ""),
    ):
        yield "s3", {"REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query}


@pytest.mark.parametrize(("service", "environ"), list(nameless()))
def test_requests_without_a_name(service: str, environ: dict[str, Any]) -> None:
    assert operation_of(service, environ) == OTHER


def test_sqs_in_its_old_protocol() -> None:
    in_query = {"QUERY_STRING": "Action=ReceiveMessage&Version=2012-11-05"}
    in_body = {
        "CONTENT_TYPE": "application/x-www-form-urlencoded; charset=utf-8",
        "wsgi.input": io.BytesIO(b"Action=ReceiveMessage&Version=2012-11-05"),
    }
    assert operation_of("sqs", in_query) == "ReceiveMessage"
    assert operation_of("sqs", in_body) == "ReceiveMessage"
