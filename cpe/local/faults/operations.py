"""The operations of the services behind the endpoint, and which of them a request asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast
from urllib.parse import parse_qs

if TYPE_CHECKING:
    from io import BytesIO
    from wsgiref.types import WSGIEnvironment

#: What a request is called that this module has no name for; only rules for all operations concern it.
OTHER = "Other"

# S3 has no operation in its requests: method, what the path names, and the sub-resource in the query tell it.
# The first row that fits counts.
_S3: tuple[tuple[str, str, str, str], ...] = (
    ("GET", "service", "", "ListBuckets"),
    ("PUT", "bucket", "acl", "PutBucketAcl"),
    ("PUT", "bucket", "cors", "PutBucketCors"),
    ("PUT", "bucket", "lifecycle", "PutBucketLifecycleConfiguration"),
    ("PUT", "bucket", "notification", "PutBucketNotificationConfiguration"),
    ("PUT", "bucket", "policy", "PutBucketPolicy"),
    ("PUT", "bucket", "tagging", "PutBucketTagging"),
    ("PUT", "bucket", "versioning", "PutBucketVersioning"),
    ("PUT", "bucket", "", "CreateBucket"),
    ("HEAD", "bucket", "", "HeadBucket"),
    ("DELETE", "bucket", "", "DeleteBucket"),
    ("POST", "bucket", "delete", "DeleteObjects"),
    ("GET", "bucket", "list-type", "ListObjectsV2"),
    ("GET", "bucket", "uploads", "ListMultipartUploads"),
    ("GET", "bucket", "versions", "ListObjectVersions"),
    ("GET", "bucket", "location", "GetBucketLocation"),
    ("GET", "bucket", "policy", "GetBucketPolicy"),
    ("GET", "bucket", "tagging", "GetBucketTagging"),
    ("GET", "bucket", "versioning", "GetBucketVersioning"),
    ("GET", "bucket", "", "ListObjects"),
    ("HEAD", "object", "", "HeadObject"),
    ("GET", "object", "uploadId", "ListParts"),
    ("GET", "object", "acl", "GetObjectAcl"),
    ("GET", "object", "attributes", "GetObjectAttributes"),
    ("GET", "object", "tagging", "GetObjectTagging"),
    ("GET", "object", "", "GetObject"),
    ("POST", "object", "uploads", "CreateMultipartUpload"),
    ("POST", "object", "uploadId", "CompleteMultipartUpload"),
    ("PUT", "object", "acl", "PutObjectAcl"),
    ("PUT", "object", "tagging", "PutObjectTagging"),
    ("DELETE", "object", "uploadId", "AbortMultipartUpload"),
    ("DELETE", "object", "tagging", "DeleteObjectTagging"),
    ("DELETE", "object", "", "DeleteObject"),
)

#: Tells a copy from a write.
_COPY = "HTTP_X_AMZ_COPY_SOURCE"
_S3_WRITES = frozenset({"PutObject", "CopyObject", "UploadPart", "UploadPartCopy"})

# In a query, these say how to do an operation, not which; any other key that no row has is a sub-resource.
_S3_OPTIONS = frozenset(
    {
        *("delimiter", "prefix", "marker", "max-keys", "encoding-type", "continuation-token", "start-after"),
        *("fetch-owner", "versionId", "partNumber", "x-id"),
    }
)

_SWF = """
    CountClosedWorkflowExecutions CountOpenWorkflowExecutions CountPendingActivityTasks
    CountPendingDecisionTasks DeleteActivityType DeleteWorkflowType DeprecateActivityType DeprecateDomain
    DeprecateWorkflowType DescribeActivityType DescribeDomain DescribeWorkflowExecution DescribeWorkflowType
    GetWorkflowExecutionHistory ListActivityTypes ListClosedWorkflowExecutions ListDomains
    ListOpenWorkflowExecutions ListTagsForResource ListWorkflowTypes PollForActivityTask PollForDecisionTask
    RecordActivityTaskHeartbeat RegisterActivityType RegisterDomain RegisterWorkflowType
    RequestCancelWorkflowExecution RespondActivityTaskCanceled RespondActivityTaskCompleted
    RespondActivityTaskFailed RespondDecisionTaskCompleted SignalWorkflowExecution StartWorkflowExecution
    TagResource TerminateWorkflowExecution UndeprecateActivityType UndeprecateDomain UndeprecateWorkflowType
    UntagResource
"""
_SQS = """
    AddPermission CancelMessageMoveTask ChangeMessageVisibility ChangeMessageVisibilityBatch CreateQueue
    DeleteMessage DeleteMessageBatch DeleteQueue GetQueueAttributes GetQueueUrl ListDeadLetterSourceQueues
    ListMessageMoveTasks ListQueueTags ListQueues PurgeQueue ReceiveMessage RemovePermission SendMessage
    SendMessageBatch SetQueueAttributes StartMessageMoveTask TagQueue UntagQueue
"""
_SNS = """
    AddPermission ConfirmSubscription CreateTopic DeleteTopic GetSubscriptionAttributes GetTopicAttributes
    ListSubscriptions ListSubscriptionsByTopic ListTagsForResource ListTopics Publish PublishBatch
    RemovePermission SetSubscriptionAttributes SetTopicAttributes Subscribe TagResource Unsubscribe
    UntagResource
"""

#: The operations that a rule can name, by service.
OPERATIONS: dict[str, frozenset[str]] = {
    "swf": frozenset(_SWF.split()),
    "sqs": frozenset(_SQS.split()),
    "sns": frozenset(_SNS.split()),
    "s3": _S3_WRITES | {name for *_, name in _S3},
}


def operation_of(service: str, environ: WSGIEnvironment) -> str:
    """Tell which operation a request asks for, or `OTHER`.

    Example:
        >>> operation_of("swf", {"HTTP_X_AMZ_TARGET": "SimpleWorkflowService.ListDomains"})
        'ListDomains'
        >>> operation_of("s3", {"REQUEST_METHOD": "GET", "PATH_INFO": "/videos/a.mp4", "QUERY_STRING": ""})
        'GetObject'
    """
    if service == "s3":
        return _s3_operation(environ)
    name = str(environ.get("HTTP_X_AMZ_TARGET", "")).rpartition(".")[2] or _action(environ)
    return name if name in OPERATIONS.get(service, ()) else OTHER


def _action(environ: WSGIEnvironment) -> str:
    """Read the operation of a request in the query protocol."""
    fields = parse_qs(environ.get("QUERY_STRING", ""))
    if "Action" not in fields and "urlencoded" in environ.get("CONTENT_TYPE", ""):
        body = cast("BytesIO", environ["wsgi.input"])
        fields = parse_qs(body.getvalue().decode("utf-8", "replace"))
    return str(fields.get("Action", [""])[0])


def _s3_operation(environ: WSGIEnvironment) -> str:
    method = environ["REQUEST_METHOD"]
    query = set(parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True))
    place = _place(environ)
    if method == "PUT" and place == "object" and not query - _S3_OPTIONS - {"uploadId"}:
        if "uploadId" in query:
            return "UploadPartCopy" if _COPY in environ else "UploadPart"
        return "CopyObject" if _COPY in environ else "PutObject"
    for row_method, row_place, resource, name in _S3:
        fits = resource in query if resource else not query - _S3_OPTIONS
        if (row_method, row_place) == (method, place) and fits:
            return name
    return OTHER


def _place(environ: WSGIEnvironment) -> str:
    """Tell what the path names; a host such as ``videos.localhost`` names the bucket."""
    bucket, _, key = environ["PATH_INFO"].lstrip("/").partition("/")
    host = environ.get("HTTP_HOST", "").rpartition(":")[0]
    if host.endswith(".localhost"):
        bucket, key = host, environ["PATH_INFO"].lstrip("/")
    if not bucket:
        return "service"
    return "object" if key else "bucket"
