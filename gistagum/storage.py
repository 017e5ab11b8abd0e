"""Storage of static files: hashed names, which browsers may cache for ever, and compression at collection."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedStaticFiles(CompressedManifestStaticFilesStorage):
    """WhiteNoise's storage, which also rewrites ``import "./x.js"`` in ES modules to the hashed name."""

    support_js_module_import_aggregation = True
