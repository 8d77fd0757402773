"""Elastic Transcoder's JSON, as its API took and gave it."""

from __future__ import annotations

from typing import Any

PIPELINE: dict[str, Any] = {
    "Pipeline": {
        "Id": "1111111111111-abcde1",
        "Arn": "arn:aws:elastictranscoder:us-east-1:123456789012:pipeline/1111111111111-abcde1",
        "Name": "films",
        "Status": "Active",
        "Role": "arn:aws:iam::123456789012:role/transcoder",
        "InputBucket": "films",
        "AwsKmsKeyArn": "arn:aws:kms:us-east-1:123456789012:key/1",
        "Notifications": {"Progressing": "", "Completed": "arn:aws:sns:us-east-1:123456789012:done"},
        "ContentConfig": {"Bucket": "made", "StorageClass": "Standard", "Permissions": []},
        "ThumbnailConfig": {"Bucket": "thumbs", "StorageClass": "ReducedRedundancy", "Permissions": []},
    }
}

PRESET: dict[str, Any] = {
    "Preset": {
        "Id": "1500000000000-mine01",
        "Arn": "arn:aws:elastictranscoder:us-east-1:123456789012:preset/1500000000000-mine01",
        "Type": "Custom",
        "Name": "Our 540p, logo",
        "Description": "What the site plays",
        "Container": "mp4",
        "Audio": {
            "Codec": "AAC",
            "SampleRate": "48000",
            "BitRate": "96",
            "Channels": "2",
            "AudioPackingMode": "SingleTrack",
            "CodecOptions": {"Profile": "AAC-LC"},
        },
        "Video": {
            "Codec": "H.264",
            "CodecOptions": {
                "Profile": "high",
                "Level": "3.1",
                "MaxReferenceFrames": "3",
                "MaxBitRate": "2200",
                "BufferSize": "4400",
                "InterlacedMode": "Progressive",
                "ColorSpaceConversionMode": "None",
            },
            "KeyframesMaxDist": "90",
            "FixedGOP": "false",
            "BitRate": "1600",
            "FrameRate": "auto",
            "MaxFrameRate": "30",
            "MaxWidth": "960",
            "MaxHeight": "540",
            "SizingPolicy": "Fit",
            "PaddingPolicy": "Pad",
            "DisplayAspectRatio": "auto",
            "Watermarks": [
                {
                    "Id": "BottomRight",
                    "MaxWidth": "10%",
                    "MaxHeight": "10%",
                    "SizingPolicy": "ShrinkToFit",
                    "HorizontalAlign": "Right",
                    "HorizontalOffset": "20px",
                    "VerticalAlign": "Bottom",
                    "VerticalOffset": "5%",
                    "Opacity": "55.5",
                    "Target": "Content",
                }
            ],
        },
        "Thumbnails": {
            "Format": "jpg",
            "Interval": "30",
            "MaxWidth": "192",
            "MaxHeight": "108",
            "SizingPolicy": "ShrinkToFit",
            "PaddingPolicy": "NoPad",
        },
    }
}

JOB: dict[str, Any] = {
    "PipelineId": "1111111111111-abcde1",
    "Input": {
        "Key": "in/film.mov",
        "FrameRate": "auto",
        "Resolution": "auto",
        "AspectRatio": "auto",
        "Interlaced": "auto",
        "Container": "auto",
    },
    "OutputKeyPrefix": "out/",
    "Outputs": [
        {
            "Key": "film-540.mp4",
            "PresetId": "1500000000000-mine01",
            "Rotate": "90",
            "ThumbnailPattern": "shots/film-{count}",
            "Watermarks": [{"PresetWatermarkId": "BottomRight", "InputKey": "logo.png"}],
            "Encryption": {"Mode": "s3-aws-kms"},
            "Composition": [{"TimeSpan": {"StartTime": "00:00:05.000", "Duration": "10.5"}}],
        },
        {"Key": "film-720.mp4", "PresetId": "1351620000001-000010", "Rotate": "auto"},
        {"Key": "hls/2m", "PresetId": "1351620000001-200015", "SegmentDuration": "10"},
        {"Key": "hls/400k", "PresetId": "1351620000001-200055", "SegmentDuration": "10"},
        {"Key": "hls/sound", "PresetId": "1351620000001-200060", "SegmentDuration": "10"},
        {
            "Key": "film.mp3",
            "PresetId": "1351620000001-300020",
            "Composition": [{"TimeSpan": {"StartTime": "7"}}],
        },
    ],
    "Playlists": [
        {
            "Name": "film",
            "Format": "HLSv4",
            "OutputKeys": ["hls/2m", "hls/400k", "hls/sound"],
            "HlsContentProtection": {
                "Method": "aes-128",
                "KeyStoragePolicy": "WithVariantPlaylists",
                "LicenseAcquisitionUrl": "https://keys.example.com/film",
            },
        }
    ],
    "UserMetadata": {"film": "7"},
}
