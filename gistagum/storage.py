"""Static files: hashed names for ever-lasting caching, compressed at collection."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedStaticFiles(CompressedManifestStaticFilesStorage):
    """As WhiteNoise's, and ``import "./x.js"`` inside our ES modules is rewritten to the hashed name too."""

    support_js_module_import_aggregation = True
