"""The activities that ship with CPE: Cloud Transcode. They use `cpe.activity` and `cpe.errors`, no more."""
