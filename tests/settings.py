"""The product's settings, on a folder and a Redis socket of each test process's own.

The environment is set before the settings are read, so no test can touch `var/`.
"""

import atexit
import os
import pathlib
import shutil
import tempfile

_folder = tempfile.mkdtemp(prefix="landfall-test-")
pathlib.Path(_folder, "static").mkdir()  # WhiteNoise warns where it finds none.
atexit.register(shutil.rmtree, _folder, ignore_errors=True)

os.environ.update(
    DEBUG="1",
    LANDFALL_DEMO="1",
    LANDFALL_DATA_DIR=_folder,
    REDIS_URL=f"unix://{_folder}/redis.sock",
)
for _name in ("DATABASE_URL", "LANDFALL_LOCALE_DIR", "PORT", "HOST"):
    os.environ.pop(_name, None)

from config.settings import *  # noqa: E402, F403 - the environment comes first

# Signing in is no test of password hashing; the real hasher takes a fifth of a second a time.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# A file, as in the product: threads of a live server then have connections of their own.
# In memory all of them would share one, and so each other's transactions.
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):  # noqa: F405 - from the product's settings
    DATABASES["default"]["TEST"] = {"NAME": f"{_folder}/test.sqlite3"}  # noqa: F405 - likewise
