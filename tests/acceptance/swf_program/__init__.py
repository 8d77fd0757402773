"""A program for SWF as anybody would write it from AWS's documentation, with boto3 alone.

A decider and a worker, each a process of its own, and the workflows of a small shop. It knows nothing of CPE,
nor of what stands behind the endpoint: it would run on AWS as it is.
"""
