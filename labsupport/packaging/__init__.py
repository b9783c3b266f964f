"""Packages for Lambda: zips of functions, and layers of Python wheels. No AWS calls.

Design
    `zips`: directories and files to zip bytes. The same input gives the same bytes on every machine, so
    that a package's hash says whether its content changed.
    `wheels`: pip, asked for wheels of a chosen Python and platform.
    `layers`: wheels to a layer archive, under a key made of what goes into it.
    `layer_cache`: where finished archives are kept, and the lock of a build.

Invariants
    An archive in the cache is complete: it is written aside and renamed, and its SHA-256 is checked at
    each use. One build of a layer runs at a time, whichever process asks for it.

Known cost
    An archive is held in memory once while it is packed, at most about 50 MB for a layer that Lambda takes.
"""

from labsupport.packaging.layer_cache import LayerArchive
from labsupport.packaging.layers import build_layer
from labsupport.packaging.wheels import lambda_platform
from labsupport.packaging.zips import read_zip, zip_directory, zip_files

__all__ = ["LayerArchive", "build_layer", "lambda_platform", "read_zip", "zip_directory", "zip_files"]
