"""AWS on one machine: SWF, SQS, S3 and SNS behind one loopback endpoint.

It is a server that knows AWS and nothing of CPE. Everything in here but this line needs the extra ``local``.
"""
