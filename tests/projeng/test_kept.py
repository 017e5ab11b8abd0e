"""Rows that are rendered once: the same again while they are the same, and never another's or an older one."""

import pytest
from django.template import Context, Template, TemplateSyntaxError

from projeng.filters import with_spent_total
from projeng.models import Project, ProjectCost
from projeng.templatetags import kept

ROW = "{% load kept %}{% kept project compact %}{{ count }}{{ project.name }} {{ project.spent_total }}{% endkept %}"


@pytest.fixture
def show(project):
    """``show(template, …)``: the project as it is now, in that template. ``show.rendered``: how often it was."""

    def render(row: Template, **context: object) -> str:
        def count() -> str:
            render.rendered += 1
            return ""

        return row.render(
            Context({"project": with_spent_total(Project.objects.all()).get(), "count": count, **context})
        )

    render.rendered = 0
    return render


def test_a_row_that_is_as_it_was_is_not_rendered_again(show):
    row = Template(ROW)
    assert show(row) == show(row) == show(row)
    assert show.rendered == 1


def test_a_row_that_has_changed_is_rendered_again_and_so_is_what_was_summed_up_for_it(show, project):
    row = Template(ROW)
    assert show(row).startswith("Covered court 0")
    project.name = "Covered market"
    project.save()
    assert show(row).startswith("Covered market 0")
    ProjectCost.objects.create(project=project, cost_type="labor", amount=7)
    assert show(row).startswith("Covered market 7")
    assert show.rendered == 3


def test_what_is_shown_beside_the_row_counts_as_well(show):
    row = Template(ROW)
    for compact in (True, False, "", None, 1):
        show(row, compact=compact)
    assert show.rendered == 5


def test_two_places_of_a_template_keep_rows_of_their_own(show):
    row = Template("{% load kept %}{% kept project %}a{% endkept %}{% kept project %}b{% endkept %}")
    assert show(row) == show(row) == "ab"


def test_so_many_rows_are_kept_and_the_one_shown_longest_ago_goes_first(show, monkeypatch):
    monkeypatch.setattr(kept, "MOST", 2)
    row = Template(ROW)
    for compact in (1, 2, 1, 3):
        show(row, compact=compact)
    assert show.rendered == 3
    show(row, compact=1)
    assert show.rendered == 3
    show(row, compact=2)
    assert show.rendered == 4


def test_nothing_is_kept_for_nothing():
    with pytest.raises(TemplateSyntaxError, match="for values"):
        Template("{% load kept %}{% kept %}a{% endkept %}")
