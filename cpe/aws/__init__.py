"""AWS as CPE uses it: the only package that touches boto3."""
