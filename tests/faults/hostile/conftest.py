"""What these tests share: the office's people (tests/projeng), and a real Chromium (tests/browser)."""

from tests.browser.conftest import browse, browser  # noqa: F401 (fixtures)
from tests.projeng.conftest import browser as client_of  # noqa: F401
from tests.projeng.conftest import engineer, head, project  # noqa: F401
