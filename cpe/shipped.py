"""Where the plans and sample configuration are that come with CPE."""

from __future__ import annotations

from pathlib import Path

from cpe.errors import ConfigError

_PACKAGE = Path(__file__).resolve().parent
# In a wheel they are data of the package; in a checkout they stand where users look for them.
_PLACES = (_PACKAGE / "shipped_data", _PACKAGE.parent)


def plans() -> Path:
    """Tell the folder of the shipped plans.

    Raises:
        ConfigError: The installation lacks it.
    """
    return _folder("plans")


def sample_config() -> Path:
    """Tell the sample configuration, which names the shipped activities.

    Raises:
        ConfigError: The installation lacks it.
    """
    return _folder("config") / "cpe.yml"


def _folder(name: str) -> Path:
    for place in _PLACES:
        if (place / name).is_dir():
            return place / name
    raise ConfigError(
        f"this installation of CPE has no {name}/ folder ({_PACKAGE}); install it again",
        code="INSTALLATION_INCOMPLETE",
    )
