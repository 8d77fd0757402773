"""Loading activities: the classes that the configuration names."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import inspect
import sys
import traceback
from pathlib import Path
from types import ModuleType

from cpe.activity import Activity
from cpe.config import ActivitySettings
from cpe.errors import ConfigError


def load_activity(settings: ActivitySettings) -> Activity:
    """Make the one instance of an activity.

    ``module:Class`` is imported; the folder that the worker was started in is searched too, after all others.
    With `file` the class is taken from that file.

    Raises:
        ConfigError: ``ACTIVITY_NOT_LOADED``: no such module, file or class, the class is no Activity, or it
            fails.
    """
    place = f"activity {settings.name} {settings.version}"
    if settings.file is not None:
        module, class_name = _from_file(settings.file, place), settings.class_name.rpartition(":")[2]
    else:
        module_name, colon, class_name = settings.class_name.partition(":")
        if not colon:
            raise _not_loaded(
                place, f"class {class_name or module_name!r} needs its module (module:Class) or a file"
            )
        module = _from_module(module_name, place)
    found = getattr(module, class_name, None)
    if not inspect.isclass(found):
        raise _not_loaded(place, f"there is no class {class_name!r} in {module.__name__}")
    if not issubclass(found, Activity):
        raise _not_loaded(place, f"{class_name} is no subclass of cpe.activity.Activity")
    if inspect.isabstract(found):
        raise _not_loaded(place, f"{class_name} has no method run(context)")
    try:
        return found()
    except Exception as error:
        called = error.__traceback__ is not None and error.__traceback__.tb_next is not None
        if isinstance(error, TypeError) and not called:
            raise _not_loaded(place, f"{class_name}() takes no arguments: {error}") from error
        raise _not_loaded(place, _failure(f"{class_name}()", error)) from error


def _from_module(name: str, place: str) -> ModuleType:
    folder = str(Path.cwd())
    if folder not in sys.path:
        sys.path.append(folder)
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise _not_loaded(
            place, f"there is no module {error.name!r}; install it or correct `class`"
        ) from error
    except Exception as error:
        raise _not_loaded(place, _failure(f"module {name}", error)) from error


def _from_file(file: Path, place: str) -> ModuleType:
    if not file.is_file():
        raise _not_loaded(
            place, f"there is no file {file}; correct `file`, which is relative to the configuration"
        )
    # Files of the same name in two folders are two modules.
    name = f"cpe_activity_{file.stem}_{hashlib.sha256(str(file.resolve()).encode()).hexdigest()[:8]}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise _not_loaded(place, f"{file} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise _not_loaded(place, _failure(str(file), error)) from error
    return module


def _failure(what: str, error: Exception) -> str:
    """Tell what fails and where; the error of a text that does not parse says that itself."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    where = "" if isinstance(error, SyntaxError) else f" in {frame.filename}, line {frame.lineno}"
    return f"{what} fails{where}: {type(error).__name__}: {error}"


def _not_loaded(place: str, reason: str) -> ConfigError:
    return ConfigError(f"{place}: {reason}", code="ACTIVITY_NOT_LOADED")
