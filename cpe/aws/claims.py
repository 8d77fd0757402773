"""Claims: who starts a job, settled once for all by S3.

SWF refuses a second execution of a workflow id only while the first is open, and its lists lag behind. So
whoever is to start a job first writes an empty object under the job's key, on condition that there is none.
S3 lets one succeed, however many try, and forgets nothing when the job has closed. Who does a closed run
again is settled in the same way, under a key of that run's own.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from cpe.aws.faults import told
from cpe.errors import AwsError
from cpe.protocol import JobIdentity
from cpe.protocol.references import PayloadPlace

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

    from cpe.aws.direct import DirectS3


class Claims:
    """Claims on the jobs of one stack. Every method raises :class:`~cpe.errors.AwsError`.

    Args:
        s3: The client of S3.
        place: Where the stack's payloads lie; the claims lie beside them.
        direct: A quicker way to take one; None to take them by the client alone.
    """

    def __init__(self, s3: S3Client, place: PayloadPlace, *, direct: DirectS3 | None = None) -> None:
        self._s3 = s3
        self._place = place
        self._direct = direct

    def take(self, domain: str, identity: JobIdentity, *, again: str | None = None) -> bool:
        """Claim a job; False if somebody did before.

        Args:
            domain: The job's SWF domain.
            identity: Whose job it is, and which.
            again: The closed run that is to be done again; None for the job's start.
        """
        key = self._key(domain, identity, again)
        try:
            with told(f"claim s3://{self._place.bucket}/{key}"):
                if self._direct is not None:
                    created = self._direct.create(self._place.bucket, key)
                    if created is not None:
                        return created
                # No body: with one, botocore asks S3 first whether to send it, and waits a round trip.
                self._s3.put_object(Bucket=self._place.bucket, Key=key, IfNoneMatch="*")
        except AwsError as error:
            if error.code != "PRECONDITION_FAILED":
                raise
            return False
        return True

    def taken(self, domain: str, identity: JobIdentity, *, again: str | None = None) -> float | None:
        """Tell when a job was claimed last, in seconds since the epoch by S3's clock; None if it is not."""
        key = self._key(domain, identity, again)
        try:
            with told(f"claim s3://{self._place.bucket}/{key}"):
                answer = self._s3.head_object(Bucket=self._place.bucket, Key=key)
        except AwsError as error:
            if error.code != "NOT_FOUND":
                raise
            return None
        return answer["LastModified"].timestamp()

    def renew(self, domain: str, identity: JobIdentity, *, again: str | None = None) -> None:
        """Claim a job again, from now on: what was claimed before came to nothing."""
        key = self._key(domain, identity, again)
        with told(f"claim s3://{self._place.bucket}/{key}"):
            self._s3.put_object(Bucket=self._place.bucket, Key=key)

    def release(self, domain: str, identity: JobIdentity, *, again: str | None = None) -> None:
        """Give a claim up: nothing was started, and the job may be asked for again."""
        key = self._key(domain, identity, again)
        with told(f"claim s3://{self._place.bucket}/{key}"):
            self._s3.delete_object(Bucket=self._place.bucket, Key=key)

    def _key(self, domain: str, identity: JobIdentity, again: str | None) -> str:
        what = "\0".join((domain, identity.job_id, *(() if again is None else (again,))))
        digest = hashlib.sha256(what.encode()).hexdigest()
        return self._place.claim_key(digest, client=identity.client)
