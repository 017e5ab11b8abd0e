"""Pictures of the main pages, to look at: reports/screens/, on a desk and on a phone, in light and in dark."""

import itertools
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from PIL import Image, ImageStat

from projeng.models import Project
from tests.support.site import ROOT

from .support import FAILED_REQUESTS, until_state

pytestmark = pytest.mark.timeout(150)
FOLDER = ROOT / "reports" / "screens"
SIZES = {"desk": {"width": 1280, "height": 900}, "phone": {"width": 390, "height": 844}}
SCREENS = {
    "sign-in": (None, "/accounts/login/"),
    "head-dashboard": ("head", "/dashboard/"),
    "finance": ("finance", "/dashboard/finance/"),
    "engineer": ("engineer1", "/projeng/"),
    "list": ("head", "/projeng/projects/"),
    "project": ("head", "{project}"),
    "form-with-errors": ("head", "/projeng/projects/new/"),
    "notifications": ("head", "/dashboard/notifications/"),
}


@pytest.mark.parametrize("name", SCREENS)
def test_a_screen_is_pictured_in_both_sizes_in_light_and_dark(demo_site, browse, name):
    username, path = SCREENS[name]
    user = User.objects.get(username=username) if username else None
    project = Project.objects.filter(costs__isnull=False, milestones__isnull=False, documents__isnull=True).first()
    page = browse(demo_site).open(
        user,
        path.format(project=f"/projeng/projects/{project.pk}/"),
        tolerate=[FAILED_REQUESTS] if name == "form-with-errors" else [],
        reduced_motion="reduce",
    )
    if name == "form-with-errors":
        page.get_by_label("Name").fill("")
        page.get_by_label("Budget").fill("a lot")
        page.get_by_label("End date").fill("2020-01-01")
        page.get_by_label("Start date").fill("2026-01-01")
        page.get_by_role("button", name="Create project").click()
        page.get_by_role("alert").wait_for()
    if user:
        until_state(page, "live")
    for size, scheme in itertools.product(SIZES, ("light", "dark")):
        page.set_viewport_size(SIZES[size])
        page.emulate_media(color_scheme=scheme)
        path = FOLDER / f"{name}-{size}-{scheme}.png"
        page.screenshot(path=path, full_page=True)
        _check(path, SIZES[size], dark=scheme == "dark")


def _check(path: Path, size: dict[str, int], *, dark: bool) -> None:
    """As wide as the screen, at least as high, with something on it, and as bright as the scheme says."""
    with Image.open(path) as picture:
        width, height = picture.size
        grey = ImageStat.Stat(picture.convert("L"))
        colours = len(picture.convert("RGB").getcolors(width * height))
    assert width == size["width"]
    assert height >= size["height"]
    assert grey.stddev[0] > 5, "the page is blank"
    assert colours > 100, "the page is blank"
    assert (grey.mean[0] < 110) is dark
