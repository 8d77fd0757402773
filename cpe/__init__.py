"""CPE, the Cloud Processing Engine: media jobs as workflows on AWS SWF."""

__version__ = "0.1.0"
