"""Pictures of the main pages, to look at: reports/screens/, on a desk and on a phone, in light and in dark."""

import itertools
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from PIL import Image, ImageStat

from projeng.models import Project, ProjectCost
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
    "asked-back": ("head", "{project}costs/{cost}/edit/"),
    "void": ("head", "{project}costs/{cost}/void/"),
    "history": ("head", "{project}history/"),
    "notifications": ("head", "/dashboard/notifications/"),
}


@pytest.mark.parametrize("name", SCREENS)
def test_a_screen_is_pictured_in_both_sizes_in_light_and_dark(demo_site, browse, name):
    username, path = SCREENS[name]
    user = User.objects.get(username=username) if username else None
    project = Project.objects.filter(costs__isnull=False, milestones__isnull=False, documents__isnull=True).first()
    cost = _corrected_cost(project)
    page = browse(demo_site).open(
        user,
        path.format(project=f"/projeng/projects/{project.pk}/", cost=cost.pk),
        tolerate=[FAILED_REQUESTS] if name in {"form-with-errors", "asked-back"} else [],
        reduced_motion="reduce",
    )
    if name == "asked-back":
        page.get_by_label("Amount").fill("9,999,999,999,999")
        page.get_by_label("Date").fill("1900-01-01")
        page.get_by_label("Why").fill("As on the receipt")
        page.get_by_role("button", name="Save correction").click()
        page.locator("#questions").wait_for()
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


def _corrected_cost(project: Project) -> ProjectCost:
    """A cost of a project of which something was corrected, and something else is void."""
    if not project.corrections.exists():
        project.costs.first().void("Entered twice")
        cost = project.costs.last()
        cost.amount, cost.reason = cost.amount / 2, "A zero too many on the receipt"
        cost.save()
        for part in (*project.milestones.all()[:1], *project.progress_updates.all()[:1]):
            part.void("Of another project")
    return project.costs.last()


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
