"""Settings: who the clients are and what a worker can run. The only reader of ``os.environ`` in CPE.

They come from one file, JSON in the original's layout or the same tree in YAML; variables go before it, and
flags before these. :mod:`cpe.config.layers` lists the variables.
"""

from cpe.config.file import ConfigRefused, check_file
from cpe.config.layers import Layers, Origin
from cpe.config.load import load_settings, read_layers
from cpe.config.model import ActivitySettings, Client, Settings
from cpe.config.payloads import payload_place

__all__ = [
    "ActivitySettings",
    "Client",
    "ConfigRefused",
    "Layers",
    "Origin",
    "Settings",
    "check_file",
    "load_settings",
    "payload_place",
    "read_layers",
]
